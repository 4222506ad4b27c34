import { dropoutExpectation } from './dropout-expectation.ts'
import type { PurchaseHistory } from './purchase-history.ts'

/**
 * How customers differ in dropping out for ever after a purchase: by a Beta(a, b) distribution, as in BG/NBD; or not at
 * all: everybody does with probability p, the limit of a Beta distribution whose a + b grows without bound.
 */
export type Dropout =
  | { readonly kind: 'beta'; readonly a: number; readonly b: number }
  | { readonly kind: 'common'; readonly p: number }

/**
 * Parameters of BG/NBD (Fader, Hardie and Lee 2005, "Counting Your Customers" the Easy Way): while a customer is active he
 * buys by a Poisson process, with rates that are Gamma(r, rate alpha) distributed over the customers.
 */
export interface BgNbd {
  readonly r: number
  /** In the time unit of the histories. */
  readonly alpha: number
  readonly dropout: Dropout
}

/**
 * The probability that a customer is still active. The model lets customers leave only at a purchase after the first, so
 * it says 1 of everyone who bought once, however long ago: no churn score by itself. (Equation 11 of Fader, Hardie and
 * Lee 2008, "Computing P(alive) Using the BG/NBD Model".)
 */
export function probabilityAlive({ r, alpha, dropout }: BgNbd, { repeats, recency, age }: PurchaseHistory): number {
  if (repeats === 0) return 1
  // Odds of having left at the last purchase before the silence is looked at.
  const odds = dropout.kind === 'beta' ? dropout.a / (dropout.b + repeats - 1) : dropout.p / (1 - dropout.p)
  return 1 / (1 + odds * Math.exp((r + repeats) * Math.log((alpha + age) / (alpha + recency))))
}

/** How many purchases to expect in the next `horizon` units of time. (Equation 10 of Fader, Hardie and Lee 2005.) */
export function expectedPurchases(model: BgNbd, history: PurchaseHistory, horizon: number): number {
  if (horizon <= 0) return 0
  return probabilityAlive(model, history) * dropoutExpectation(model, history, horizon)
}

/** The probability of at least one purchase in the next `horizon` units of time. */
export function probabilityOfPurchase(model: BgNbd, history: PurchaseHistory, horizon: number): number {
  const { r, alpha } = model
  const none = -(r + history.repeats) * Math.log1p(horizon / (alpha + history.age))
  return probabilityAlive(model, history) * -Math.expm1(none)
}

export interface NextPurchase {
  /** Time until the next purchase that half of such customers don't exceed. */
  readonly median: number
  /** Its mean; null where that is infinite, because too little is known of the customer's rate (r + x ≤ 1). */
  readonly mean: number | null
}

/**
 * Time from now to the next purchase of a customer who is still active: his rate is Gamma(r + x, alpha + T) distributed,
 * so the waiting time has a Lomax distribution.
 */
export function nextPurchase({ r, alpha }: BgNbd, { repeats, age }: PurchaseHistory): NextPurchase {
  const shape = r + repeats
  const scale = alpha + age
  return { median: scale * Math.expm1(Math.LN2 / shape), mean: shape > 1 ? scale / (shape - 1) : null }
}
