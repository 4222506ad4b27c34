import type { Transaction } from '../schemas/avro/transaction.ts'
import { type CustomerState, type Money, NEVER } from '../schemas/customer-state.ts'
import type { Refusal } from './outcome.ts'

/** Adds a purchase or refund to the sums of its own currency; amounts of two currencies are never added. */
export function addMoney(state: CustomerState, event: Transaction, maxCurrencies: number): Refusal | null {
  const currency = event.currency.toUpperCase()
  const refund = event.type === 'REFUND'
  const { money } = state
  let position = 0
  while (position < money.length && money[position]!.currency < currency) position++
  const known = money[position]?.currency === currency ? money[position]! : null
  if (known === null && money.length >= maxCurrencies) {
    return { reason: 'CURRENCIES_EXCEEDED', error: `currency ${currency} would be one more than ${maxCurrencies}` }
  }
  const sums: Money = {
    currency,
    firstAt: known === null ? event.occurredAt : Math.min(known.firstAt, event.occurredAt),
    purchasedMinor: (known?.purchasedMinor ?? 0) + (refund ? 0 : event.amountMinor),
    refundedMinor: (known?.refundedMinor ?? 0) + (refund ? event.amountMinor : 0),
  }
  if (!Number.isSafeInteger(sums.purchasedMinor) || !Number.isSafeInteger(sums.refundedMinor)) {
    return { reason: 'AMOUNT_SUM_UNSAFE', error: `amountMinor ${event.amountMinor} makes a sum that is not exact` }
  }
  const next = money.slice()
  next.splice(position, known === null ? 0 : 1, sums)
  state.money = next
  return null
}

/**
 * Position of the reporting currency: the tenant's if it has one, else the currency in which this customer's money moved
 * first by event time (by code when two did at once). NEVER when nothing moved in it.
 */
export function reportingOf(money: readonly Money[], currency: string | null): number {
  let reporting = NEVER
  for (let i = 0; i < money.length; i++) {
    if (currency === null) {
      if (reporting === NEVER || money[i]!.firstAt < money[reporting]!.firstAt) reporting = i
    } else if (money[i]!.currency === currency) {
      return i
    }
  }
  return reporting
}
