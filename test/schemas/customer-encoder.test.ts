import avro from 'avsc'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Customer } from '../../schemas/avro/customer.ts'
import { customerSchema } from '../../schemas/avro/customer.ts'
import { toAvsc } from '../../schemas/avsc.ts'
import { encodeCustomer } from '../../schemas/customer-encoder.ts'

const type = avro.Type.forSchema(toAvsc(customerSchema) as avro.Schema)

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 }))
const long = fc.oneof(fc.integer({ min: -9e15, max: 9e15 }), fc.integer({ min: -300, max: 300 }))
const int = fc.integer()
const reasons = fc.array(fc.record({ feature: text, value: fc.double(), contribution: fc.double() }), { maxLength: 5 })
const customer: fc.Arbitrary<Customer> = fc.record({
  tenantId: text,
  customerId: text,
  eventId: text,
  cause: text,
  occurredAt: long,
  asOf: long,
  scoredAt: long,
  settingsVersion: int,
  thresholdsVersion: int,
  rfm: fc.record({
    recencyDays: fc.option(fc.double()),
    frequency: long,
    monetaryMinor: long,
    currency: fc.option(text),
    r: fc.option(int),
    f: fc.option(int),
    m: fc.option(int),
    segment: fc.option(text),
  }),
  lead: fc.record({ probability: fc.double(), score: int, grade: text, modelVersion: text, reasons }),
  churn: fc.record({ risk: fc.double(), band: text, modelVersion: text, reasons }),
  loyalty: fc.option(fc.record({ score: fc.double(), tier: text })),
  state: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
})

test('writes, at any position, the bytes that avsc writes', () => {
  const into = Buffer.alloc(8_192)
  fc.assert(
    fc.property(customer, fc.nat(100), (value, at) => {
      const end = encodeCustomer(value, into, at)
      expect(into.subarray(at, end).toString('hex')).toBe(type.toBuffer(value).toString('hex'))
    }),
    { numRuns: 500 },
  )
})

test('answers a negative number whenever the record does not fit', () => {
  const into = Buffer.alloc(8_192)
  fc.assert(
    fc.property(customer, fc.double({ min: 0, max: 1, noNaN: true }), (value, share) => {
      const size = type.toBuffer(value).length
      const room = Math.floor(share * (size - 1))
      expect(encodeCustomer(value, into.subarray(0, room), 0)).toBeLessThan(0)
      expect(encodeCustomer(value, into.subarray(0, size), 0)).toBe(size)
    }),
  )
})
