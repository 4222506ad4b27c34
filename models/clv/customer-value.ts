import type { ClvModel } from '../../schemas/clv-model.ts'
import { NEVER } from '../../schemas/customer-state.ts'
import type { TenantSettings } from '../../schemas/settings.ts'
import { DAY_MS } from '../counters.ts'
import { netMinorOf } from '../population-place.ts'
import { type BgNbd, expectedPurchases, nextPurchase, probabilityAlive } from './bg-nbd.ts'
import type { PurchaseSummary } from './customer-sample.ts'
import { expectedOrderValue, type OrderValues } from './gamma-gamma.ts'
import { discountedPurchases } from './lifetime-value.ts'
import type { PurchaseHistory } from './purchase-history.ts'

const DISCOUNT_PERIOD_DAYS = 30
const YEAR_DAYS = 365

/** What a customer is expected to buy, and what that is worth. */
export interface CustomerValue {
  readonly modelVersion: string
  readonly horizonDays: number
  /** Null after a single day of purchases: the model says 1 of all of these, which is no news. */
  readonly probabilityAlive: number | null
  /** Days with a purchase, within the horizon. */
  readonly expectedPurchases: number
  /** Epoch ms, if he is still active: half of such customers have bought again by then. */
  readonly nextPurchaseMedianAt: number
  /** The expectation of the same; null where it is infinite. */
  readonly nextPurchaseMeanAt: number | null
  /** Of a day's purchases, minor units of `currency`; null when the model has no values in his currency. */
  readonly expectedOrderMinor: number | null
  /** Worth of the purchases within the horizon, discounted as set. */
  readonly clvMinor: number | null
  readonly currency: string | null
}

/**
 * What BG/NBD needs of a customer, in days; purchases of one day (UTC) are one. Null before the first purchase.
 * @param asOf epoch ms, not before the state's newest event
 */
export function purchaseHistoryOf(state: PurchaseSummary, asOf: number): PurchaseHistory | null {
  if (state.firstPurchaseAt === NEVER) return null
  const first = Math.floor(state.firstPurchaseAt / DAY_MS)
  return {
    repeats: state.purchaseDays - 1,
    recency: Math.floor(state.lastPurchaseAt / DAY_MS) - first,
    age: asOf / DAY_MS - first,
  }
}

/** What Gamma-Gamma needs of a customer: days with a purchase, and their mean value less refunds, minor units. */
export function orderValuesOf(state: PurchaseSummary): OrderValues | null {
  if (state.purchaseDays === 0) return null
  return { orders: state.purchaseDays, mean: Math.max(0, netMinorOf(state)) / state.purchaseDays }
}

/** @returns null for a customer who never bought */
export function customerValueOf(
  model: ClvModel,
  state: PurchaseSummary,
  asOf: number,
  settings: TenantSettings['clv'],
): CustomerValue | null {
  const history = purchaseHistoryOf(state, asOf)
  const orders = orderValuesOf(state)
  if (history === null || orders === null) return null
  const { horizonDays } = settings
  const { median, mean } = nextPurchase(model.purchases, history)
  const currency = state.money[state.reporting]?.currency ?? null
  const order =
    model.values === null || model.values.currency !== currency ? null : expectedOrderValue(model.values, orders)
  return {
    modelVersion: model.version,
    horizonDays,
    probabilityAlive: history.repeats === 0 ? null : probabilityAlive(model.purchases, history),
    expectedPurchases: expectedPurchases(model.purchases, history, horizonDays),
    nextPurchaseMedianAt: Math.round(asOf + median * DAY_MS),
    nextPurchaseMeanAt: mean === null ? null : Math.round(asOf + mean * DAY_MS),
    expectedOrderMinor: order === null ? null : Math.round(order),
    clvMinor: order === null ? null : Math.round(order * worthOf(model.purchases, history, settings)),
    currency: order === null ? null : currency,
  }
}

function worthOf(model: BgNbd, history: PurchaseHistory, { horizonDays, discountRate }: TenantSettings['clv']): number {
  const rate = (1 + discountRate) ** (DISCOUNT_PERIOD_DAYS / YEAR_DAYS) - 1
  return discountedPurchases(model, history, { horizon: horizonDays, period: DISCOUNT_PERIOD_DAYS, rate })
}
