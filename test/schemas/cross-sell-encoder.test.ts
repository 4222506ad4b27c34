import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CrossSell, crossSellSchema } from '../../schemas/avro/cross-sell.ts'
import { avroType } from '../../schemas/avro-type.ts'
import { encodeCrossSell } from '../../schemas/cross-sell-encoder.ts'

const type = avroType(crossSellSchema)

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 }))
const long = fc.oneof(fc.integer({ min: -9e15, max: 9e15 }), fc.integer({ min: -300, max: 300 }))
const result: fc.Arbitrary<CrossSell> = fc.record({
  tenantId: text,
  windowStart: long,
  windowEnd: fc.option(long),
  windowHopMs: fc.option(long),
  level: text,
  a: text,
  b: text,
  orders: long,
  ordersA: long,
  ordersB: long,
  totalOrders: long,
  maxError: long,
  support: fc.double(),
  confidenceAB: fc.double(),
  confidenceBA: fc.double(),
  lift: fc.double(),
  final: fc.boolean(),
  revision: fc.integer(),
  updatedAt: long,
})

test('writes, at any position, the bytes that avsc writes, or answers a negative number when they do not fit', () => {
  const into = Buffer.alloc(2_048)
  fc.assert(
    fc.property(result, fc.nat(100), fc.double({ min: 0, max: 1, noNaN: true }), (value, at, share) => {
      const bytes = type.toBuffer(value)
      const end = encodeCrossSell(value, into, at)
      expect(into.subarray(at, end).toString('hex')).toBe(bytes.toString('hex'))
      const room = Math.floor(share * (bytes.length - 1))
      expect(encodeCrossSell(value, into.subarray(0, room), 0)).toBeLessThan(0)
    }),
    { numRuns: 500 },
  )
})
