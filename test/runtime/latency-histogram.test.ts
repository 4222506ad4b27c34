import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LatencyHistogram } from '../../runtime/latency-histogram.ts'

const anyLatency = fc.oneof(fc.nat(10), fc.nat(1_000), fc.nat(100_000_000), fc.double({ min: 0, max: 50, noNaN: true }))
const anyLatencies = fc.array(anyLatency, { minLength: 1, maxLength: 200 })

function histogramOf(latencies: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram()
  for (const ms of latencies) histogram.add(ms)
  return histogram
}

test('a quantile is the exact one or at most a fifth above it', () => {
  fc.assert(
    fc.property(anyLatencies, fc.constantFrom(0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1), (latencies, share) => {
      const sorted = latencies.toSorted((a, b) => a - b)
      const exact = sorted[Math.ceil(share * sorted.length) - 1]!
      const quantile = histogramOf(latencies).quantile(share)
      // Answers are rounded to a tenth of a millisecond; below one millisecond nothing is told apart.
      expect(quantile).toBeGreaterThanOrEqual(exact - 0.05)
      expect(quantile).toBeLessThanOrEqual(Math.max(exact, 1) * 2 ** 0.25 + 0.05)
    }),
    { numRuns: 1_000 },
  )
})

test('merged histograms are the histogram of all', () => {
  fc.assert(
    fc.property(anyLatencies, anyLatencies, (some, others) => {
      const merged = histogramOf(some)
      merged.merge(histogramOf(others))
      const whole = histogramOf([...some, ...others])
      expect(merged.count).toBe(whole.count)
      for (const share of [0.1, 0.5, 0.99]) expect(merged.quantile(share)).toBe(whole.quantile(share))
    }),
  )
})

test('an empty one answers 0, also after it was cleared', () => {
  const histogram = histogramOf([5, 9])
  histogram.clear()
  expect([histogram.count, histogram.quantile(0.5)]).toEqual([0, 0])
})

test('a clock that runs ahead gives latencies below zero: they count as none', () => {
  expect(histogramOf([-5_000, -1, 0]).quantile(1)).toBe(1)
})

test('what no worker waits for is still counted', () => {
  expect(histogramOf([2 ** 40]).quantile(0.5)).toBeGreaterThan(2 ** 31)
})
