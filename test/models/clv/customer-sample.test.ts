import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CustomerSample, type PurchaseSummary } from '../../../models/clv/customer-sample.ts'

const summary = (purchaseDays: number): PurchaseSummary => ({
  firstPurchaseAt: 1,
  lastPurchaseAt: 1,
  purchaseDays,
  money: [],
  reporting: -1,
})

test('a sample holds the same customers whatever the order in which they come, within its limit', () => {
  const keys = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 200 })
  fc.assert(
    fc.property(keys, fc.integer({ min: 10, max: 80 }), (all, limit) => {
      const take = (order: readonly string[]): PurchaseSummary[] => {
        const sample = new CustomerSample(limit)
        for (const key of order) sample.put(key, summary(key.length + 1))
        return sample.summaries()
      }
      const taken = take(all)
      expect(take(all.toReversed())).toEqual(taken)
      expect(taken.length).toBeLessThanOrEqual(limit)
      if (all.length <= limit) expect(taken).toHaveLength(all.length)
    }),
  )
})

test('a sample has the newest of each customer who bought and is not erased', () => {
  const sample = new CustomerSample(10)
  sample.put('b', summary(1))
  sample.put('a', summary(2))
  sample.put('b', summary(3))
  sample.put('c', summary(0))
  sample.put('d', summary(4))
  sample.put('d', null)
  expect(sample.summaries().map(({ purchaseDays }) => purchaseDays)).toEqual([2, 3])
})
