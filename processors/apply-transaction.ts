import { count, DAY_MS, positionOf } from '../models/counters.ts'
import type { Transaction } from '../schemas/avro/transaction.ts'
import { type CustomerState, NEVER, SUBSCRIPTION_STATES } from '../schemas/customer-state.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { addMoney } from './money.ts'
import type { Refusal } from './outcome.ts'

const PAYMENT_FAILED = positionOf('payment_failed')
const ACTIVE = SUBSCRIPTION_STATES.indexOf('active')
const CANCELLED = SUBSCRIPTION_STATES.indexOf('cancelled')

export function applyTransaction(state: CustomerState, event: Transaction, tenant: TenantSettings): Refusal | null {
  const at = event.occurredAt
  switch (event.type) {
    case 'PURCHASE':
      applyPurchase(state, at, event.lines)
      return addMoney(state, event, tenant.limits.currencies)
    case 'REFUND':
      state.refunds++
      return addMoney(state, event, tenant.limits.currencies)
    case 'PAYMENT_FAILED':
      state.failedPayments++
      count(state, PAYMENT_FAILED, at)
      return null
    case 'SUBSCRIPTION_STARTED':
    case 'SUBSCRIPTION_RENEWED':
      applySubscription(state, ACTIVE, at)
      return null
    case 'SUBSCRIPTION_CANCELLED':
      applySubscription(state, CANCELLED, at)
      return null
  }
}

function applyPurchase(state: CustomerState, at: number, lines: Transaction['lines']): void {
  state.purchases++
  countDay(state, at)
  if (at > state.lastActiveAt) state.lastActiveAt = at
  if (at < state.lastPurchaseAt) return
  const items = new Set(lines.map(({ itemId }) => itemId)).size
  state.lastPurchaseItems = at === state.lastPurchaseAt ? Math.max(items, state.lastPurchaseItems) : items
  if (state.lastPurchaseAt !== NEVER) addGap(state, (at - state.lastPurchaseAt) / DAY_MS)
  state.lastPurchaseAt = at
}

/** Several purchases of one day are one occasion: invoices of an evening say nothing of how often somebody buys. */
function countDay(state: CustomerState, at: number): void {
  const day = Math.floor(at / DAY_MS)
  const { firstPurchaseAt, lastPurchaseAt } = state
  const known =
    firstPurchaseAt !== NEVER &&
    (day === Math.floor(firstPurchaseAt / DAY_MS) || day === Math.floor(lastPurchaseAt / DAY_MS))
  if (!known) state.purchaseDays++
  if (firstPurchaseAt === NEVER || at < firstPurchaseAt) state.firstPurchaseAt = at
}

/** Welford's update of mean and sum of squared deviations (Knuth, TAOCP 2, 4.2.2). */
function addGap(state: CustomerState, days: number): void {
  state.gaps++
  const before = days - state.gapMeanDays
  state.gapMeanDays += before / state.gaps
  state.gapM2 += before * (days - state.gapMeanDays)
}

function applySubscription(state: CustomerState, subscription: number, at: number): void {
  if (subscription === ACTIVE && at > state.lastActiveAt) state.lastActiveAt = at
  if (at < state.subscriptionAt) return
  state.subscription = subscription
  state.subscriptionAt = at
}
