import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CustomerCache } from '../../runtime/customer-cache.ts'

test('a key splits at its first slash', () => {
  expect(new CustomerCache(1).add('shop/a/b', null)).toMatchObject({ tenantId: 'shop', customerId: 'a/b', slot: -1 })
})

const LARGEST_BATCH = 8

test('a customer that Redis has not confirmed is never lost, and memory is bounded', () => {
  const anyStep = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('batch' as const),
        keys: fc.array(fc.nat(40), { maxLength: LARGEST_BATCH }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('confirm' as const), behind: fc.nat(2) }) },
  )
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), fc.integer({ min: 1, max: 10 }), (steps, capacity) => {
      const cache = new CustomerCache(capacity)
      const written = new Map<string, number>()
      let batch = 0
      let confirmed = 0
      let mostUnconfirmed = 0
      for (const step of steps) {
        if (step.kind === 'confirm') {
          confirmed = Math.max(confirmed, batch - step.behind)
          continue
        }
        cache.shrink(confirmed)
        // Between two batches: what is confirmed may be gone, what isn't may not.
        for (const [key, last] of written) if (last > confirmed) expect(cache.get(key)?.batch).toBe(last)
        mostUnconfirmed = Math.max(mostUnconfirmed, [...written.values()].filter((last) => last > confirmed).length)
        expect(cache.size).toBeLessThanOrEqual(2 * (capacity + mostUnconfirmed + LARGEST_BATCH))
        batch++
        for (const number of step.keys) {
          const key = `shop/c-${number}`
          const customer = cache.get(key) ?? cache.add(key, null)
          customer.batch = batch
          written.set(key, batch)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('who was asked for lately stays, who was not goes', () => {
  const cache = new CustomerCache(2)
  const use = (key: string): void => {
    if (cache.get(key) === undefined) cache.add(key, null)
    cache.shrink(0)
  }
  for (const key of ['shop/always', 'shop/once', 'shop/always', 'shop/b', 'shop/always', 'shop/c', 'shop/always'])
    use(key)
  expect(cache.get('shop/always')).toBeDefined()
  expect(cache.get('shop/once')).toBeUndefined()
})
