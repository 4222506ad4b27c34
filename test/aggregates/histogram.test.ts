import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactRange, Histogram } from '../../aggregates/histogram.ts'
import { bucketOf, bucketRange } from '../../models/buckets.ts'
import { exactQuantile, rankRange } from './exact-quantile.ts'

const amounts = fc.oneof(fc.integer({ min: -5_000, max: 5_000 }), fc.maxSafeInteger())
const shares = fc.double({ min: 0, max: 1, noNaN: true })

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram(bucketRange)
  for (const value of values) histogram.add(bucketOf(value), 1)
  return histogram
}

describe('buckets', () => {
  it('hold their numbers, in order, without gaps', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        const [least, most] = bucketRange(bucketOf(a))
        expect(a).toBeGreaterThanOrEqual(least)
        expect(a).toBeLessThanOrEqual(most)
        if (a <= b) expect(bucketOf(a)).toBeLessThanOrEqual(bucketOf(b))
        expect(bucketOf(most)).toBe(bucketOf(a))
        if (most < Number.MAX_SAFE_INTEGER) expect(bucketOf(most + 1)).toBe(bucketOf(a) + 1)
      }),
    )
  })

  it('are one number wide up to 199 and at most 1 % beyond', () => {
    for (let value = -199; value <= 199; value++) expect(bucketRange(bucketOf(value))).toEqual([value, value])
    fc.assert(
      fc.property(fc.integer({ min: 200, max: Number.MAX_SAFE_INTEGER }), (value) => {
        const [least, most] = bucketRange(bucketOf(value))
        expect(most - least).toBeLessThanOrEqual(least / 100)
      }),
    )
  })
})

describe('Histogram', () => {
  it('gives quantiles within its rank error', () => {
    fc.assert(
      fc.property(fc.array(amounts, { minLength: 1, maxLength: 300 }), shares, (values, share) => {
        const histogram = histogramOf(values)
        const { from, to } = rankRange(values, histogram.quantile(share))
        expect(from).toBeLessThanOrEqual(share + histogram.rankError + 1e-9)
        expect(to).toBeGreaterThanOrEqual(share - histogram.rankError - 1e-9)
      }),
    )
  })

  it('gives exact quantiles of days', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30_000 }), { minLength: 1, maxLength: 300 }), shares, (days, share) => {
        const histogram = new Histogram(exactRange)
        for (const day of days) histogram.add(day, 1)
        expect(histogram.rankError).toBe(0)
        expect(histogram.quantile(share)).toBeCloseTo(exactQuantile(days, share), 8)
      }),
    )
  })

  it('does not care for the order in which customers enter, move and leave', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(amounts, fc.array(amounts, { maxLength: 4 }), fc.boolean()), { maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (customers, random) => {
          const deltas: [bucket: number, count: number][] = []
          const stay: number[] = []
          for (const [first, moves, leaves] of customers) {
            let value = first
            deltas.push([bucketOf(value), 1])
            for (const next of moves) {
              deltas.push([bucketOf(value), -1], [bucketOf(next), 1])
              value = next
            }
            if (leaves) deltas.push([bucketOf(value), -1])
            else stay.push(value)
          }
          const shuffled = deltas.map((delta) => ({ delta, at: random.next().value })).sort((a, b) => a.at - b.at)
          const histogram = new Histogram(bucketRange)
          for (const { delta } of shuffled) histogram.add(...delta)
          expect(histogram.entries()).toEqual(histogramOf(stay).entries())
          expect(histogram.size).toBe(stay.length)
        },
      ),
    )
  })

  it('of parts merge to that of the whole', () => {
    fc.assert(
      fc.property(fc.array(amounts), fc.array(amounts), (a, b) => {
        const merged = histogramOf(a)
        merged.merge(histogramOf(b))
        expect(merged.entries()).toEqual(histogramOf([...a, ...b]).entries())
      }),
    )
  })

  it('has no quantile of nobody', () => {
    expect(new Histogram(exactRange).quantile(0.5)).toBeNaN()
    const left = new Histogram(exactRange)
    left.add(5, -1)
    expect(left.size).toBe(0)
    expect(left.quantile(0.5)).toBeNaN()
  })
})
