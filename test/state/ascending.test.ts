import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ascending } from '../../state/ascending.ts'

const score = fc.oneof(fc.nat(1_000_000_000), fc.integer({ min: 0, max: 8_640_000_000_000_000 }), fc.constant(7))

test('gives every item once, in the order of the scores up to a 2^30th of their range', () => {
  fc.assert(
    fc.property(fc.array(score, { minLength: 32, maxLength: 3_000, size: 'max' }), (scores) => {
      const items = scores.map((value, i) => ({ value, i }))
      const sorted = ascending(items, ({ value }) => value)
      expect(sorted.map(({ i }) => i).sort((a, b) => a - b)).toEqual(items.map(({ i }) => i))
      const tolerance = (Math.max(...scores) - Math.min(...scores)) / (2 ** 30 - 1)
      for (let i = 1; i < sorted.length; i++) {
        expect(sorted[i]!.value).toBeGreaterThanOrEqual(sorted[i - 1]!.value - tolerance)
      }
    }),
    { numRuns: 50 },
  )
})
