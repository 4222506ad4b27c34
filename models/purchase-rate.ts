import { type CustomerState, NEVER } from '../schemas/customer-state.ts'
import { DAY_MS } from './counters.ts'

const PER_DAYS = 90
/** For so long everybody counts as watched before he was, with so many purchases: as long as what the rate is of. */
const PRIOR_DAYS = PER_DAYS
const PRIOR_PURCHASES = 0.5

/**
 * Purchases that a customer makes in 90 days: the mean of his rate after (purchases − 1) more in the days since the first,
 * if purchases are Poisson and rates differ between customers as Gamma(½, 90 days) (Ehrenberg 1959). Unlike a number since
 * ever it doesn't grow with the age of the log: three months of it and a year of it mean about the same.
 * @returns 0 for who has never bought
 */
export function purchaseRateOf(state: CustomerState): number {
  return state.purchases === 0 ? 0 : per90Days(state.purchases - 1 + PRIOR_PURCHASES, state)
}

/** What an amount since ever is in 90 days, if the customer had been watched for 90 days more than he has. */
export function per90Days(amount: number, state: CustomerState): number {
  return (PER_DAYS * amount) / (buyerDaysOf(state) + PRIOR_DAYS)
}

/** From the first purchase to the newest event; from the first event in states of a release that didn't keep the former. */
function buyerDaysOf({ firstPurchaseAt, firstSeenAt, newestAt }: CustomerState): number {
  const since = firstPurchaseAt === NEVER ? firstSeenAt : firstPurchaseAt
  return since === NEVER ? 0 : (newestAt - since) / DAY_MS
}
