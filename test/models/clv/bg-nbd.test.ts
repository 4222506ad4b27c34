import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BgNbd,
  expectedPurchases,
  nextPurchase,
  probabilityAlive,
  probabilityOfPurchase,
} from '../../../models/clv/bg-nbd.ts'
import { expectedOrderValue } from '../../../models/clv/gamma-gamma.ts'
import { discountedPurchases } from '../../../models/clv/lifetime-value.ts'
import type { PurchaseHistory } from '../../../models/clv/purchase-history.ts'
import { logGamma } from '../../../models/log-gamma.ts'

interface Reference {
  readonly purchases: readonly (PurchaseHistory & { horizon: number; alive: number; purchases: number })[]
  readonly values: readonly { orders: number; mean: number; expected: number }[]
  readonly clv: readonly (PurchaseHistory & { mean: number; clv: number })[]
}
const reference = JSON.parse(
  readFileSync(new URL('./reference/lifetimes.json', import.meta.url), 'utf8'),
) as unknown as Reference

const CDNOW: BgNbd = { r: 0.243, alpha: 4.414, dropout: { kind: 'beta', a: 0.793, b: 2.426 } }
const SPEND = { p: 6.25, q: 3.74, v: 15.44 }

const parameter = fc.double({ min: 0.05, max: 20, noNaN: true })
const models: fc.Arbitrary<BgNbd> = fc.record({
  r: parameter,
  alpha: parameter,
  dropout: fc.oneof(
    fc.record({ kind: fc.constant('beta' as const), a: parameter, b: parameter }),
    fc.record({ kind: fc.constant('common' as const), p: fc.double({ min: 0, max: 0.9, noNaN: true }) }),
  ),
})
const histories: fc.Arbitrary<PurchaseHistory> = fc
  .record({
    repeats: fc.nat({ max: 60 }),
    recency: fc.double({ min: 0, max: 100, noNaN: true }),
    silence: fc.double({ min: 0, max: 100, noNaN: true }),
  })
  .map(({ repeats, recency, silence }) =>
    repeats === 0 ? { repeats, recency: 0, age: silence } : { repeats, recency, age: recency + silence },
  )
const horizons = fc.double({ min: 0.01, max: 200, noNaN: true })

describe('BG/NBD for one customer', () => {
  it('answers what lifetimes answers', () => {
    for (const { horizon, alive, purchases, ...history } of reference.purchases) {
      expect(probabilityAlive(CDNOW, history)).toBeCloseTo(alive, 10)
      expect(expectedPurchases(CDNOW, history, horizon) / purchases).toBeCloseTo(1, 8)
    }
  })

  it('says of everyone who bought once that he is active', () => {
    fc.assert(
      fc.property(models, fc.double({ min: 0, max: 1e6, noNaN: true }), (model, age) => {
        expect(probabilityAlive(model, { repeats: 0, recency: 0, age })).toBe(1)
      }),
    )
  })

  it('believes less and less in a customer who is silent after a repeat', () => {
    fc.assert(
      fc.property(models, histories, fc.double({ min: 0, max: 50, noNaN: true }), (model, history, longer) => {
        const later = { ...history, age: history.age + longer }
        expect(probabilityAlive(model, later)).toBeLessThanOrEqual(probabilityAlive(model, history) + 1e-12)
      }),
    )
  })

  it('expects what integrating over rate and dropout probability gives', () => {
    fc.assert(
      fc.property(models, histories, horizons, (model, history, horizon) => {
        const { dropout } = model
        // The integral below has no care for what is infinite at its ends.
        fc.pre(dropout.kind === 'common' || (dropout.a > 0.3 && dropout.b + history.repeats > 0.3))
        const alive = expectedPurchases(model, history, horizon) / probabilityAlive(model, history)
        const integral =
          dropout.kind === 'common'
            ? purchasesWith(dropout.p, model, history, horizon)
            : overBeta(dropout.a, dropout.b + history.repeats, (p) => purchasesWith(p, model, history, horizon))
        expect(alive / integral).toBeCloseTo(1, 5)
      }),
      { numRuns: 200 },
    )
  })

  it.each([
    { a: 1, b: 2 },
    { a: 1 + 1e-7, b: 2 },
    { a: 0.3, b: 0.7 },
    { a: 0.3, b: 0.7 - 1e-7 },
  ])('has no hole where its closed form divides by zero: a $a, b $b', ({ a, b }) => {
    const at = (da: number): number =>
      expectedPurchases(
        { r: 0.5, alpha: 3, dropout: { kind: 'beta', a: a + da, b } },
        { repeats: 0, recency: 0, age: 5 },
        30,
      )
    expect(at(0) / ((at(-0.0001) + at(0.0001)) / 2)).toBeCloseTo(1, 7)
  })

  it('tends to one dropout probability for all as a and b grow', () => {
    const history = { repeats: 4, recency: 20, age: 30 }
    const common: BgNbd = { r: 0.8, alpha: 6, dropout: { kind: 'common', p: 0.1 } }
    const nearly: BgNbd = { r: 0.8, alpha: 6, dropout: { kind: 'beta', a: 1e6, b: 9e6 } }
    expect(probabilityAlive(nearly, history)).toBeCloseTo(probabilityAlive(common, history), 6)
    expect(expectedPurchases(nearly, history, 52)).toBeCloseTo(expectedPurchases(common, history, 52), 4)
  })

  it('stays finite for customers who buy thousands of times', () => {
    const expected = expectedPurchases(CDNOW, { repeats: 20_000, recency: 500, age: 500.01 }, 1_000)
    expect(expected).toBeGreaterThan(1_000)
    expect(expected).toBeLessThan(40_000)
  })

  it('gives the median and mean time to the next purchase of an active customer', () => {
    fc.assert(
      fc.property(models, histories, (model, history) => {
        const { median, mean } = nextPurchase(model, history)
        const { dropout: _, ...buying } = model
        const active: BgNbd = { ...buying, dropout: { kind: 'common', p: 0 } }
        fc.pre(median < 1e12)
        expect(probabilityOfPurchase(active, history, median)).toBeCloseTo(0.5, 9)
        expect(mean === null).toBe(model.r + history.repeats <= 1)
        if (mean !== null) expect(mean).toBeGreaterThan(median)
      }),
    )
  })
})

describe('the value of a customer', () => {
  it('answers what lifetimes answers for an order', () => {
    for (const { expected, ...values } of reference.values) {
      expect(expectedOrderValue(SPEND, values)).toBeCloseTo(expected, 8)
    }
  })

  it('answers what lifetimes answers for twelve months, discounted', () => {
    for (const { clv, mean, ...history } of reference.clv) {
      const order = expectedOrderValue(SPEND, { orders: history.repeats, mean })
      const discounting = { horizon: 12 * 4.345, period: 4.345, rate: 0.01 }
      expect((order * discountedPurchases(CDNOW, history, discounting)) / clv).toBeCloseTo(1, 8)
    }
  })

  it('counts purchases in full without a discount, and less and less with one', () => {
    fc.assert(
      fc.property(models, histories, horizons, (model, history, horizon) => {
        const at = (rate: number): number => discountedPurchases(model, history, { horizon, period: 4, rate })
        expect(at(0)).toBe(expectedPurchases(model, history, horizon))
        expect(at(1e-9) / at(0)).toBeCloseTo(1, 5)
        expect(at(0.1)).toBeLessThan(at(0))
        expect(at(0.2)).toBeLessThan(at(0.1))
      }),
    )
  })
})

/** E[(1 − e^(−λpt)) / p] over λ ~ Gamma(r + x, alpha + T). */
function purchasesWith(p: number, { r, alpha }: BgNbd, { repeats, age }: PurchaseHistory, horizon: number): number {
  if (p * horizon < 1e-12 * (alpha + age)) return ((r + repeats) * horizon) / (alpha + age)
  return -Math.expm1(-(r + repeats) * Math.log1p((p * horizon) / (alpha + age))) / p
}

/** The mean of f(p) over p ~ Beta(a, b), by the midpoint rule over the log odds of p. */
function overBeta(a: number, b: number, f: (p: number) => number): number {
  const steps = 20_000
  let sum = 0
  let weight = 0
  for (let i = 0; i < steps; i++) {
    // The ends of [0, 1] are at infinity, where the density falls off exponentially.
    const y = ((i + 0.5) / steps - 0.5) * 160
    const logP = -Math.log1p(Math.exp(-y))
    const logQ = -Math.log1p(Math.exp(y))
    const density = Math.exp(a * logP + b * logQ + logGamma(a + b) - logGamma(a) - logGamma(b))
    sum += density * f(Math.exp(logP))
    weight += density
  }
  return sum / weight
}
