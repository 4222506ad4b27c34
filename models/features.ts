import { type CustomerState, HALF_LIVES_DAYS } from '../schemas/customer-state.ts'
import type { Course } from './course.ts'

export interface Feature {
  /** As models and reasons name it; a name never changes its meaning. */
  readonly name: string
  readonly doc: string
  readonly unit: string
  /** How it moves while nothing happens; null: it stands still. */
  readonly course: Course | null
}

const feature = (name: string, unit: string, doc: string): Feature => ({ name, doc, unit, course: null })

function fading(name: string, unit: string, what: string, halfLifeDays: (typeof HALF_LIVES_DAYS)[number]): Feature {
  const doc = `${what}, half-life ${halfLifeDays} day${halfLifeDays === 1 ? '' : 's'}`
  return { name, doc, unit, course: { kind: 'fading', halfLife: HALF_LIVES_DAYS.indexOf(halfLifeDays) } }
}

function growing(name: string, doc: string, since: (state: CustomerState) => number): Feature {
  return { name, doc, unit: 'log1p days', course: { kind: 'growing', since } }
}

const ENGAGEMENT = 'interactions weighted by intent'

/** What both models look at, in the order of a feature vector. `computeFeatures` says how it is made. */
export const FEATURES: readonly Feature[] = [
  fading('engagement_1d', 'log1p page views', ENGAGEMENT, 1),
  fading('engagement_7d', 'log1p page views', ENGAGEMENT, 7),
  fading('engagement_30d', 'log1p page views', ENGAGEMENT, 30),
  fading('demo_requests', 'log1p count', 'demo requests', 30),
  fading('inquiries', 'log1p count', 'inquiries', 30),
  fading('cart_adds', 'log1p count', 'items put into the cart', 30),
  fading('meetings', 'log1p count', 'meetings and calls', 30),
  fading('email_replies', 'log1p count', 'mails answered', 30),
  fading('email_attention', 'log1p count', 'mails opened or clicked', 30),
  feature('sessions', 'log1p count', 'sessions ever'),
  growing(
    'days_inactive',
    'time since the last act of a customer who stays (lastActiveAt); 0 before the first',
    (state) => state.lastActiveAt,
  ),
  feature('tenure', 'log1p days', 'time from the first to the newest event'),
  feature('purchases', 'log1p count', 'purchases ever'),
  feature('spend', 'log1p major units', 'purchases less refunds in the reporting currency'),
  growing('days_since_purchase', 'time since the last purchase; 0 without one', (state) => state.lastPurchaseAt),
  {
    name: 'purchase_overdue',
    doc: 'time since the last purchase over the usual gap; 0 on schedule',
    unit: 'log2 ratio',
    course: { kind: 'overdue' },
  },
  feature('purchase_regularity', 'share', 'how even the gaps between purchases are; 0 below two gaps'),
  feature('purchase_rate', 'log1p count', 'purchases expected in 90 days, by those until the newest event'),
  feature('spend_rate', 'log1p major units', 'spend over the days since the first purchase + 90, times 90'),
  feature('order_items', 'log1p count', 'different items of the newest purchase'),
  feature('refund_ratio', 'share', 'refunded out of bought, reporting currency'),
  feature('failed_payments', 'log1p count', 'failed payments, half-life 30 days, at the newest event'),
  feature('support_tickets', 'log1p count', 'support tickets, half-life 30 days, at the newest event'),
  feature('nps', 'points / 2.5', 'last NPS answer less 7.5: 1 at 10, -3 at 0; 0 unknown'),
  feature('nps_known', '0 or 1', 'an NPS question was answered'),
  feature('csat', 'points / 2', 'last CSAT answer less 3: 1 at 5, -1 at 1; 0 unknown'),
  feature('csat_known', '0 or 1', 'a CSAT question was answered'),
  feature('unsubscribed', '0 or 1', 'mails were unsubscribed from'),
  feature('subscription_active', '0 or 1', 'has a subscription'),
  feature('subscription_cancelled', '0 or 1', 'cancelled its subscription'),
]

export const FEATURE_COUNT = FEATURES.length

/** The features as a vector, of values by name. One that the release which wrote them didn't have is missing. */
export function featureVector(values: Readonly<Record<string, number>>): Float64Array {
  return Float64Array.from(FEATURES, ({ name }) => values[name] ?? Number.NaN)
}

/** The values of a feature vector by name. */
export function featuresByName(values: Float64Array): Record<string, number> {
  const named: Record<string, number> = {}
  for (let i = 0; i < FEATURES.length; i++) named[FEATURES[i]!.name] = values[i]!
  return named
}
