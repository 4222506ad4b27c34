import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeAnswers, encodeAnswers, type KeptAnswer } from '../../processors/kept-answers.ts'
import { type KeptOrder, KeptOrders } from '../../processors/kept-orders.ts'
import { KEPT_ANSWERS, KEPT_ORDERS } from '../schemas/stored-states.ts'

const NEWEST = Date.UTC(2026, 0, 1)
const EMPTY = Buffer.alloc(0)
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const text = fc.string({ unit: 'binary', maxLength: 200 })

const answer: fc.Arbitrary<KeptAnswer> = fc.record({
  surveyHigh: int32,
  surveyLow: int32,
  class: fc.constantFrom('promoters', 'passives', 'detractors'),
  at: fc.maxSafeNat(),
  version: int32,
  groups: fc.array(fc.record({ key: text, value: text }), { maxLength: 3 }),
})

const order: fc.Arbitrary<KeptOrder> = fc.record({
  id: text,
  at: fc.maxSafeNat(),
  version: int32,
  currency: fc.constant('GBP'),
  amountMinor: fc.maxSafeNat(),
  lines: fc.array(fc.record({ itemId: text, category: fc.option(text), quantity: fc.maxSafeNat() }), { maxLength: 4 }),
})

test('answers come back as they were put in', () => {
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 5 }), (answers) => {
      expect(decodeAnswers(encodeAnswers(answers))).toEqual(answers)
    }),
  )
})

test('orders come back as they were put in, and the oldest go first', () => {
  fc.assert(
    fc.property(fc.uniqueArray(order, { maxLength: 5, selector: ({ id }) => id }), (orders) => {
      const kept = new KeptOrders(EMPTY)
      for (const each of orders) kept.put(each)
      const bytes = kept.toBytes(3, 1_000_000)
      const again = new KeptOrders(bytes)
      for (const [i, each] of orders.entries()) {
        expect(again.find(each.id)).toEqual(i < orders.length - 3 ? undefined : each)
      }
      const fewer = new KeptOrders(kept.toBytes(100, bytes.length - 1))
      expect(fewer.toBytes(100, 1_000_000).length).toBeLessThan(bytes.length + (bytes.length === 0 ? 1 : 0))
      if (orders.length > 1) expect(new KeptOrders(bytes).toBytes(1, 1_000_000).length).toBeGreaterThan(0)
    }),
  )
})

test('what earlier releases stored can be read', () => {
  expect(decodeAnswers(Buffer.from(KEPT_ANSWERS, 'hex'))).toEqual([
    {
      surveyHigh: 1,
      surveyLow: -1,
      class: 'passives',
      at: NEWEST - 2,
      version: -5,
      groups: [{ key: 'plan', value: 'pro' }],
    },
  ])
  const lines = [
    { itemId: 'tea', category: null, quantity: 2 },
    { itemId: 'cup', category: 'ware', quantity: 1 },
  ]
  expect(new KeptOrders(Buffer.from(KEPT_ORDERS, 'hex')).find('o-1')).toEqual({
    id: 'o-1',
    at: NEWEST - 500,
    version: 7,
    currency: 'GBP',
    amountMinor: 250,
    lines,
  })
})
