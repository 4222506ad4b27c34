import fc from 'fast-check'
import type { Customer } from '../../schemas/avro/customer.ts'

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 }))
const long = fc.oneof(fc.integer({ min: -9e15, max: 9e15 }), fc.integer({ min: -300, max: 300 }))
const int = fc.integer()
const reasons = fc.array(fc.record({ feature: text, value: fc.double(), contribution: fc.double() }), { maxLength: 5 })
/** Any record of customerSchema. */
export const anyCustomer: fc.Arbitrary<Customer> = fc.record({
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
