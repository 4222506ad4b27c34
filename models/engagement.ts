import { COUNTED, COUNTER_WIDTH, type CustomerState } from '../schemas/customer-state.ts'
import type { Counted } from './counters.ts'

/**
 * What one occurrence says about interest, in page views. Acts that cost a person time or commit them weigh most; what
 * only was done to them weighs nothing. Judgement, not data: a trained model sees past it through its own coefficients.
 */
export const INTENT_WEIGHTS: Readonly<Record<Counted, number>> = {
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
  contact_attempt: 0,
  unsubscribe: 0,
  other: 0.5,
  payment_failed: 0,
}

const weights = Float64Array.from(COUNTED, (name) => INTENT_WEIGHTS[name])

/**
 * Weighted sums of the decayed counters at the newest event, in page views.
 * @param into filled: one for each of HALF_LIVES_DAYS
 */
export function readEngagement({ counted, counters }: CustomerState, into: Float64Array): void {
  let [day, week, month] = [0, 0, 0]
  let row = 0
  for (let rest = counted; rest !== 0; rest &= rest - 1) {
    const weight = weights[31 - Math.clz32(rest & -rest)]!
    day += weight * counters[row + 1]!
    week += weight * counters[row + 2]!
    month += weight * counters[row + 3]!
    row += COUNTER_WIDTH
  }
  into[0] = day
  into[1] = week
  into[2] = month
}
