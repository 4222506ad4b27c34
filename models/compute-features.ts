import { type CustomerState, HALF_LIVES_DAYS, NEVER, SUBSCRIPTION_STATES } from '../schemas/customer-state.ts'
import { countOf, DAY_MS, decayedOf, decayOf, positionOf } from './counters.ts'
import { readEngagement } from './engagement.ts'
import { majorUnits } from './major-units.ts'
import { per90Days, purchaseRateOf } from './purchase-rate.ts'
import { overdueOf, regularityOf } from './purchase-rhythm.ts'

const [DAY_DAYS, WEEK_DAYS, MONTH_DAYS] = HALF_LIVES_DAYS
/** Position in HALF_LIVES_DAYS. */
const MONTH = 2

const DEMO_REQUEST = positionOf('demo_request')
const INQUIRY = positionOf('inquiry')
const ADD_TO_CART = positionOf('add_to_cart')
const MEETING = positionOf('meeting')
const CALL = positionOf('call')
const EMAIL_REPLY = positionOf('email_reply')
const EMAIL_OPEN = positionOf('email_open')
const EMAIL_CLICK = positionOf('email_click')
const PAYMENT_FAILED = positionOf('payment_failed')
const SUPPORT_TICKET = positionOf('support_ticket')
const UNSUBSCRIBE = positionOf('unsubscribe')
const ACTIVE = SUBSCRIPTION_STATES.indexOf('active')
const CANCELLED = SUBSCRIPTION_STATES.indexOf('cancelled')

/** Scratch memory. */
const engagement = new Float64Array(HALF_LIVES_DAYS.length)
/** log1p of small whole numbers: most counts are. */
const LOG_COUNTS = Float64Array.from({ length: 64 }, (_, n) => Math.log1p(n))

/**
 * Fills `out` (length FEATURE_COUNT) with the features as of a time: with a later `asOf` counters decay and recencies
 * grow as if nothing had happened since. An `asOf` before the newest event means the newest event.
 *
 * Written out, in the order of FEATURES: a function for each feature would cost twice as much, and this runs for every
 * event.
 */
export function computeFeatures(state: CustomerState, asOf: number, out: Float64Array): void {
  const { newestAt, answers } = state
  const time = Math.max(asOf, newestAt)
  const elapsed = time - newestAt
  const perMonth = decayOf(elapsed, MONTH_DAYS)
  const spend = spendOf(state)
  const month = (position: number): number => decayedOf(state, position, MONTH)
  readEngagement(state, engagement)
  let i = 0
  out[i++] = faded(engagement[0]!, decayOf(elapsed, DAY_DAYS))
  out[i++] = faded(engagement[1]!, decayOf(elapsed, WEEK_DAYS))
  out[i++] = faded(engagement[2]!, perMonth)
  out[i++] = faded(month(DEMO_REQUEST), perMonth)
  out[i++] = faded(month(INQUIRY), perMonth)
  out[i++] = faded(month(ADD_TO_CART), perMonth)
  out[i++] = faded(month(MEETING) + month(CALL), perMonth)
  out[i++] = faded(month(EMAIL_REPLY), perMonth)
  out[i++] = faded(month(EMAIL_OPEN) + month(EMAIL_CLICK), perMonth)
  out[i++] = logCount(state.sessions)
  out[i++] = logDaysSince(state.lastActiveAt, time)
  out[i++] = logDaysSince(state.firstSeenAt, newestAt)
  out[i++] = logCount(state.purchases)
  out[i++] = Math.log1p(spend)
  out[i++] = logDaysSince(state.lastPurchaseAt, time)
  out[i++] = overdueOf(state, time)
  out[i++] = regularityOf(state)
  out[i++] = Math.log1p(purchaseRateOf(state))
  out[i++] = Math.log1p(per90Days(spend, state))
  out[i++] = logCount(state.lastPurchaseItems)
  out[i++] = refundRatioOf(state)
  // As they were at the newest event: silence alone doesn't make good what went wrong.
  out[i++] = faded(month(PAYMENT_FAILED), 1)
  out[i++] = faded(month(SUPPORT_TICKET), 1)
  out[i++] = answers[1] === NEVER ? 0 : (answers[0]! - 7.5) / 2.5
  out[i++] = answers[1] === NEVER ? 0 : 1
  out[i++] = answers[3] === NEVER ? 0 : (answers[2]! - 3) / 2
  out[i++] = answers[3] === NEVER ? 0 : 1
  out[i++] = countOf(state, UNSUBSCRIBE) > 0 ? 1 : 0
  out[i++] = state.subscription === ACTIVE ? 1 : 0
  out[i] = state.subscription === CANCELLED ? 1 : 0
}

function faded(amount: number, left: number): number {
  return amount === 0 ? 0 : Math.log1p(amount * left)
}

function logCount(count: number): number {
  return count < LOG_COUNTS.length ? LOG_COUNTS[count]! : Math.log1p(count)
}

function logDaysSince(since: number, time: number): number {
  return since === NEVER ? 0 : Math.log1p(Math.max(0, time - since) / DAY_MS)
}

/** Major units of the reporting currency. */
function spendOf({ money, reporting }: CustomerState): number {
  if (reporting < 0) return 0
  const reported = money[reporting]!
  return majorUnits(Math.max(0, reported.purchasedMinor - reported.refundedMinor), reported.currency)
}

function refundRatioOf({ purchases, refunds, money, reporting }: CustomerState): number {
  if (refunds === 0) return 0
  const reported = money[reporting]
  if (reported === undefined || reported.purchasedMinor === 0) return Math.min(1, refunds / Math.max(1, purchases))
  return Math.min(1, reported.refundedMinor / reported.purchasedMinor)
}
