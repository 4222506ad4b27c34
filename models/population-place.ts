import type { CustomerState, PopulationPlace } from '../schemas/customer-state.ts'
import { bucketOf } from './buckets.ts'
import { DAY_MS } from './counters.ts'

/**
 * Where a customer is to be counted in his tenant's population; null before the first purchase. The place that his state
 * holds when nothing moved.
 * @param currency the tenant's reporting currency, null when each customer's own is reported
 */
export function placeOf(state: CustomerState, currency: string | null): PopulationPlace | null {
  if (state.purchases === 0) return null
  const reported = state.money[state.reporting]
  const day = Math.floor(state.lastPurchaseAt / DAY_MS)
  const frequency = bucketOf(state.purchases)
  const monetary = bucketOf(netMinorOf(state))
  // Who bought has moved money: without a tenant's currency there is one of his own to report.
  const code = reported?.currency ?? currency!
  const held = state.place
  const stays =
    held !== null &&
    held.day === day &&
    held.frequency === frequency &&
    held.monetary === monetary &&
    held.currency === code
  return stays ? held : { day, frequency, monetary, currency: code }
}

/** Purchases less refunds in the reporting currency, minor units. */
export function netMinorOf({ money, reporting }: Pick<CustomerState, 'money' | 'reporting'>): number {
  const reported = money[reporting]
  return reported === undefined ? 0 : reported.purchasedMinor - reported.refundedMinor
}
