import type { BgNbd } from './bg-nbd.ts'
import type { PurchaseHistory } from './purchase-history.ts'

/** Closer than this to a parameter where the closed form is 0 / 0, its two sides are averaged: an error of 1e-10. */
const NEAR = 1e-5
/** Below this the quotient that p stands in loses its digits, and the limit for p = 0 is exact. */
const NO_DROPOUT = 1e-100
const MAX_TERMS = 1_000_000
const RESCALE_ABOVE = 1e200

/** Purchases to expect within `horizon` of a customer who is still active, with his chance to leave after each of them. */
export function dropoutExpectation(
  { r, alpha, dropout }: BgNbd,
  { repeats, age }: PurchaseHistory,
  horizon: number,
): number {
  const shape = r + repeats
  const scale = alpha + age
  if (dropout.kind === 'beta') return underBeta(shape, scale, dropout.a, dropout.b + repeats, horizon)
  const { p } = dropout
  // E[(1 − e^(−λpt)) / p] over the Gamma distribution of λ.
  return p < NO_DROPOUT ? (shape * horizon) / scale : -Math.expm1(-shape * Math.log1p((p * horizon) / scale)) / p
}

/** (c / (a − 1)) · (1 − (1 − z)^shape · 2F1(shape, b; c; z)), c = a + b − 1, z = horizon / (scale + horizon). */
function underBeta(shape: number, scale: number, a: number, b: number, horizon: number): number {
  if (Math.abs(a - 1) < NEAR / 2 || Math.abs(a + b - 1) < NEAR / 2) {
    return (underBeta(shape, scale, a - NEAR, b, horizon) + underBeta(shape, scale, a + NEAR, b, horizon)) / 2
  }
  const c = a + b - 1
  return (c / (a - 1)) * (1 - powerTimes2F1(shape, b, c, horizon / (scale + horizon)))
}

/** (1 − z)^a · 2F1(a, b; c; z) for 0 < z < 1: the power series, scaled so that neither factor leaves the range of doubles. */
function powerTimes2F1(a: number, b: number, c: number, z: number): number {
  let logScale = a * Math.log1p(-z)
  let term = 1
  let sum = 1
  for (let j = 1; j < MAX_TERMS; j++) {
    const ratio = (((a + j - 1) * (b + j - 1)) / ((c + j - 1) * j)) * z
    term *= ratio
    sum += term
    if (Math.abs(term) <= 1e-17 * Math.abs(sum) && ratio < 1) break
    if (Math.abs(sum) > RESCALE_ABOVE) {
      sum /= RESCALE_ABOVE
      term /= RESCALE_ABOVE
      logScale += Math.log(RESCALE_ABOVE)
    }
  }
  return sum * Math.exp(logScale)
}
