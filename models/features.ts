import { type CustomerState, HALF_LIVES_DAYS, NEVER } from '../schemas/customer-state.ts'
import { type Counted, countOf, DAY_MS, decayedOf, decayOf, positionOf } from './counters.ts'
import type { Course } from './course.ts'
import { engagementOf } from './engagement.ts'
import { majorUnits } from './major-units.ts'
import { per90Days, purchaseRateOf } from './purchase-rate.ts'
import { overdueOf, regularityOf } from './purchase-rhythm.ts'

export interface Feature {
  /** As models and reasons name it; a name never changes its meaning. */
  readonly name: string
  readonly doc: string
  readonly unit: string
  /** Its value for a state as of a time that isn't before the state's newest event. */
  readonly of: (state: CustomerState, asOf: number) => number
  /** How it moves while nothing happens; null: it stands still. */
  readonly course: Course | null
}

/** Positions in HALF_LIVES_DAYS. */
const DAY = 0
const WEEK = 1
const MONTH = 2

/** Occurrences of the last 30 days or so. */
const recent = (...names: Counted[]): ((state: CustomerState) => number) => {
  const positions = names.map(positionOf)
  return (state) => {
    let sum = 0
    for (let i = 0; i < positions.length; i++) sum += decayedOf(state, positions[i]!, MONTH)
    return sum
  }
}

/** log1p of an occurrence's 30-day counter, but as it was at the newest event: silence alone doesn't make good what went wrong. */
const unhealed = (name: Counted): Feature['of'] => {
  const position = positionOf(name)
  return (state) => Math.log1p(decayedOf(state, position, MONTH))
}

const logDays = (ms: number): number => Math.log1p(Math.max(0, ms) / DAY_MS)
const engagement =
  (halfLife: number) =>
  (state: CustomerState): number =>
    engagementOf(state, halfLife)
const answer =
  (which: number, centre: number, step: number): Feature['of'] =>
  (state) =>
    state.answers[2 * which + 1] === NEVER ? 0 : (state.answers[2 * which]! - centre) / step
const answered =
  (which: number): Feature['of'] =>
  (state) =>
    state.answers[2 * which + 1] === NEVER ? 0 : 1
const unsubscribe = positionOf('unsubscribe')

/** Major units of the reporting currency. */
function spendOf({ money, reporting }: CustomerState): number {
  const reported = money[reporting]
  if (reported === undefined) return 0
  return majorUnits(Math.max(0, reported.purchasedMinor - reported.refundedMinor), reported.currency)
}

function refundRatioOf({ purchases, refunds, money, reporting }: CustomerState): number {
  if (refunds === 0) return 0
  const reported = money[reporting]
  if (reported === undefined || reported.purchasedMinor === 0) return Math.min(1, refunds / Math.max(1, purchases))
  return Math.min(1, reported.refundedMinor / reported.purchasedMinor)
}

const feature = (name: string, unit: string, doc: string, of: Feature['of']): Feature => ({
  name,
  doc,
  unit,
  of,
  course: null,
})

function fading(
  name: string,
  unit: string,
  doc: string,
  halfLife: number,
  amount: (state: CustomerState) => number,
): Feature {
  const days = HALF_LIVES_DAYS[halfLife]!
  const of: Feature['of'] = (state, asOf) => {
    const now = amount(state)
    return now === 0 ? 0 : Math.log1p(now * decayOf(asOf - state.newestAt, days))
  }
  return { name, doc, unit, of, course: { kind: 'fading', halfLife } }
}

function growing(name: string, doc: string, since: (state: CustomerState) => number): Feature {
  const of: Feature['of'] = (state, asOf) => {
    const at = since(state)
    return at === NEVER ? 0 : logDays(asOf - at)
  }
  return { name, doc, unit: 'log1p days', of, course: { kind: 'growing', since } }
}

/** What both models look at, in the order of a feature vector. */
export const FEATURES: readonly Feature[] = [
  fading('engagement_1d', 'log1p page views', 'interactions weighted by intent, half-life 1 day', DAY, engagement(DAY)),
  fading(
    'engagement_7d',
    'log1p page views',
    'interactions weighted by intent, half-life 7 days',
    WEEK,
    engagement(WEEK),
  ),
  fading(
    'engagement_30d',
    'log1p page views',
    'interactions weighted by intent, half-life 30 days',
    MONTH,
    engagement(MONTH),
  ),
  fading('demo_requests', 'log1p count', 'demo requests, half-life 30 days', MONTH, recent('demo_request')),
  fading('inquiries', 'log1p count', 'inquiries, half-life 30 days', MONTH, recent('inquiry')),
  fading('cart_adds', 'log1p count', 'items put into the cart, half-life 30 days', MONTH, recent('add_to_cart')),
  fading('meetings', 'log1p count', 'meetings and calls, half-life 30 days', MONTH, recent('meeting', 'call')),
  fading('email_replies', 'log1p count', 'mails answered, half-life 30 days', MONTH, recent('email_reply')),
  fading(
    'email_attention',
    'log1p count',
    'mails opened or clicked, half-life 30 days',
    MONTH,
    recent('email_open', 'email_click'),
  ),
  feature('sessions', 'log1p count', 'sessions ever', (state) => Math.log1p(state.sessions)),
  growing(
    'days_inactive',
    'time since the last act of a customer who stays (lastActiveAt); 0 before the first',
    (state) => state.lastActiveAt,
  ),
  feature('tenure', 'log1p days', 'time from the first to the newest event', (state) =>
    logDays(state.newestAt - state.firstSeenAt),
  ),
  feature('purchases', 'log1p count', 'purchases ever', (state) => Math.log1p(state.purchases)),
  feature('spend', 'log1p major units', 'purchases less refunds in the reporting currency', (state) =>
    Math.log1p(spendOf(state)),
  ),
  growing('days_since_purchase', 'time since the last purchase; 0 without one', (state) => state.lastPurchaseAt),
  {
    name: 'purchase_overdue',
    doc: 'time since the last purchase over the usual gap; 0 on schedule',
    unit: 'log2 ratio',
    of: overdueOf,
    course: { kind: 'overdue' },
  },
  feature('purchase_regularity', 'share', 'how even the gaps between purchases are; 0 below two gaps', regularityOf),
  feature('purchase_rate', 'log1p count', 'purchases expected in 90 days, by those until the newest event', (state) =>
    Math.log1p(purchaseRateOf(state)),
  ),
  feature('spend_rate', 'log1p major units', 'spend over the days since the first purchase + 90, times 90', (state) =>
    Math.log1p(per90Days(spendOf(state), state)),
  ),
  feature('order_items', 'log1p count', 'different items of the newest purchase', (state) =>
    Math.log1p(state.lastPurchaseItems),
  ),
  feature('refund_ratio', 'share', 'refunded out of bought, reporting currency', refundRatioOf),
  feature(
    'failed_payments',
    'log1p count',
    'failed payments, half-life 30 days, at the newest event',
    unhealed('payment_failed'),
  ),
  feature(
    'support_tickets',
    'log1p count',
    'support tickets, half-life 30 days, at the newest event',
    unhealed('support_ticket'),
  ),
  feature('nps', 'points / 2.5', 'last NPS answer less 7.5: 1 at 10, -3 at 0; 0 unknown', answer(0, 7.5, 2.5)),
  feature('nps_known', '0 or 1', 'an NPS question was answered', answered(0)),
  feature('csat', 'points / 2', 'last CSAT answer less 3: 1 at 5, -1 at 1; 0 unknown', answer(1, 3, 2)),
  feature('csat_known', '0 or 1', 'a CSAT question was answered', answered(1)),
  feature('unsubscribed', '0 or 1', 'mails were unsubscribed from', (state) =>
    countOf(state, unsubscribe) > 0 ? 1 : 0,
  ),
  feature('subscription_active', '0 or 1', 'has a subscription', (state) => (state.subscription === 1 ? 1 : 0)),
  feature('subscription_cancelled', '0 or 1', 'cancelled its subscription', (state) =>
    state.subscription === 2 ? 1 : 0,
  ),
]

export const FEATURE_COUNT = FEATURES.length

/** The features as a vector, of values by name. One that the release which wrote them didn't have is missing. */
export function featureVector(values: Readonly<Record<string, number>>): Float64Array {
  return Float64Array.from(FEATURES, ({ name }) => values[name] ?? Number.NaN)
}

/**
 * Fills `out` (length FEATURE_COUNT) with the features as of a time: with a later `asOf` counters decay and recencies
 * grow as if nothing had happened since. An `asOf` before the newest event means the newest event.
 */
export function computeFeatures(state: CustomerState, asOf: number, out: Float64Array): void {
  const time = Math.max(asOf, state.newestAt)
  for (let i = 0; i < FEATURES.length; i++) out[i] = FEATURES[i]!.of(state, time)
}

/** The values of a feature vector by name. */
export function featuresByName(values: Float64Array): Record<string, number> {
  const named: Record<string, number> = {}
  for (let i = 0; i < FEATURES.length; i++) named[FEATURES[i]!.name] = values[i]!
  return named
}
