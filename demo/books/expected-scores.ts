import { minorDigits } from '../../schemas/minor-digits.ts'
import { type Basis, TRAIT_PREFIX } from '../../schemas/model.ts'
import type { DecayedCount } from './decayed-counts.ts'
import type { ExpectedCustomer } from './expected-customer.ts'
import type { Scorecard } from './scorecard.ts'

const DAY_MS = 86_400_000

/** What one interaction of a type says about interest, in page views: written out again, so that a changed weight is noticed. */
const INTENT: Readonly<Record<string, number>> = {
  page_view: 1,
  product_view: 2,
  search: 1.5,
  favorite: 3,
  add_to_cart: 5,
  inquiry: 8,
  email_open: 0.5,
  email_click: 2,
  email_reply: 6,
  call: 6,
  meeting: 10,
  demo_request: 12,
  login: 2,
  feature_use: 2,
  support_ticket: 0.5,
  other: 0.5,
}

/**
 * The features that models look at, by their published definitions.
 * @param asOf the customer's newest event, or a later time up to which nothing happened
 */
export function expectedFeatures(known: ExpectedCustomer, asOf: number): Readonly<Record<string, number>> {
  const { counts, newestAt, purchases, gaps, answers } = known
  const left = (halfLifeDays: number): number => 2 ** (-(asOf - newestAt) / (halfLifeDays * DAY_MS))
  const atNewest = (...names: string[]): number =>
    names.reduce((sum, name) => sum + (counts.get(name)?.halfLife30 ?? 0), 0)
  const decayed = (...names: string[]): number => atNewest(...names) * left(30)
  const engagement = (halfLifeDays: number, of: (count: DecayedCount) => number): number =>
    [...counts].reduce((sum, [name, count]) => sum + (INTENT[name] ?? 0) * of(count), 0) * left(halfLifeDays)
  const daysSince = (at: number | null): number => (at === null ? 0 : (asOf - at) / DAY_MS)
  const buyerDays = (newestAt - (known.firstPurchaseAt ?? known.firstSeenAt)) / DAY_MS
  const in90Days = (amount: number): number => (90 * amount) / (buyerDays + 90)
  return {
    engagement_1d: Math.log(1 + engagement(1, (count) => count.halfLife1)),
    engagement_7d: Math.log(1 + engagement(7, (count) => count.halfLife7)),
    engagement_30d: Math.log(1 + engagement(30, (count) => count.halfLife30)),
    demo_requests: Math.log(1 + decayed('demo_request')),
    inquiries: Math.log(1 + decayed('inquiry')),
    cart_adds: Math.log(1 + decayed('add_to_cart')),
    meetings: Math.log(1 + decayed('meeting', 'call')),
    email_replies: Math.log(1 + decayed('email_reply')),
    email_attention: Math.log(1 + decayed('email_open', 'email_click')),
    sessions: Math.log(1 + known.sessions),
    days_inactive: Math.log(1 + daysSince(known.lastActiveAt)),
    tenure: Math.log(1 + (newestAt - known.firstSeenAt) / DAY_MS),
    purchases: Math.log(1 + purchases),
    spend: Math.log(1 + spendOf(known)),
    days_since_purchase: Math.log(1 + daysSince(known.lastPurchaseAt)),
    purchase_overdue: overdueOf(known, daysSince(known.lastPurchaseAt)),
    purchase_regularity:
      gaps.gaps < 2 || gaps.meanDays === 0 ? 0 : 1 / (1 + Math.sqrt(gaps.varianceDays) / gaps.meanDays),
    purchase_rate: purchases < 1 ? 0 : Math.log(1 + in90Days(purchases - 0.5)),
    spend_rate: Math.log(1 + in90Days(spendOf(known))),
    order_items: Math.log(1 + known.lastPurchaseItems),
    refund_ratio: refundRatioOf(known),
    failed_payments: Math.log(1 + atNewest('payment_failed')),
    support_tickets: Math.log(1 + atNewest('support_ticket')),
    nps: answers.NPS === null ? 0 : (answers.NPS.score - 7.5) / 2.5,
    nps_known: answers.NPS === null ? 0 : 1,
    csat: answers.CSAT === null ? 0 : (answers.CSAT.score - 3) / 2,
    csat_known: answers.CSAT === null ? 0 : 1,
    unsubscribed: counts.has('unsubscribe') ? 1 : 0,
    subscription_active: known.subscription === 'active' ? 1 : 0,
    subscription_cancelled: known.subscription === 'cancelled' ? 1 : 0,
  }
}

/**
 * 1 / (1 + e^−y), y = slope × x + offset, x = intercept + Σ coefficient × (term − mean) / scale.
 * @param features built-in ones by name
 * @throws Error for a feature not known here
 */
export function expectedProbability(
  model: Scorecard,
  features: Readonly<Record<string, number>>,
  traits: ReadonlyMap<string, boolean | number | string> = new Map(),
): number {
  const { slope, offset } = model.calibration ?? { slope: 1, offset: 0 }
  let x = model.intercept
  for (const { feature, basis, means, scales, coefficients } of model.inputs) {
    const isTrait = feature.startsWith(TRAIT_PREFIX)
    const value = isTrait ? (traits.get(feature.slice(TRAIT_PREFIX.length)) ?? null) : features[feature]
    if (value === undefined) throw new Error(`the books don't know the feature ${feature} of ${model.version}`)
    const terms = expectedTerms(basis, value)
    // What was never missing in training says nothing when it is.
    if (terms === null) continue
    terms.forEach((term, i) => {
      x += (coefficients[i]! * (term - means[i]!)) / scales[i]!
    })
  }
  return 1 / (1 + Math.exp(-(slope * x + offset)))
}

/** By the descriptions of the published schema; null where the basis has no term for what is missing. */
function expectedTerms(basis: Basis, value: boolean | number | string | null): number[] | null {
  const isMissing = value === null || (basis.kind !== 'levels' && typeof value !== 'number')
  if (isMissing && !basis.missing) return null
  const own = isMissing ? ownTerms(basis, null) : ownTerms(basis, value)
  return basis.missing ? [...own, isMissing ? 1 : 0] : own
}

function ownTerms(basis: Basis, value: boolean | number | string | null): number[] {
  switch (basis.kind) {
    case 'linear':
      return [value === null ? 0 : Number(value)]
    case 'levels': {
      const isOther = value !== null && !basis.levels.includes(value)
      return [...basis.levels.map((level) => (level === value ? 1 : 0)), isOther ? 1 : 0]
    }
    case 'ramps':
      return basis.knots.slice(1).map((to, i) => {
        if (value === null) return 0
        const from = basis.knots[i]!
        return Math.min(1, Math.max(0, (Number(value) - from) / (to - from)))
      })
  }
}

/** log2 of recency over the usual gap (of at least a day), within ±3, shrunk by gaps / (gaps + 1). */
function overdueOf({ gaps }: ExpectedCustomer, recencyDays: number): number {
  if (gaps.gaps === 0) return 0
  const ratio = Math.log2(recencyDays / Math.max(gaps.meanDays, 1))
  return (Math.max(-3, Math.min(3, ratio)) * gaps.gaps) / (gaps.gaps + 1)
}

/** Purchases less refunds in major units, 0 or more. */
function spendOf({ reporting }: ExpectedCustomer): number {
  if (reporting === null) return 0
  return Math.max(0, reporting.purchasedMinor - reporting.refundedMinor) / 10 ** minorDigits(reporting.currency)
}

/** Refunded out of bought, at most 1; by number where nothing of value was bought. */
function refundRatioOf({ reporting, purchases, refunds }: ExpectedCustomer): number {
  if (refunds === 0) return 0
  const ratio =
    reporting === null || reporting.purchasedMinor === 0
      ? refunds / Math.max(1, purchases)
      : reporting.refundedMinor / reporting.purchasedMinor
  return Math.min(1, ratio)
}
