import type { ClvModel } from '../../schemas/clv-model.ts'
import type { PurchaseSummary } from './customer-sample.ts'
import { orderValuesOf, purchaseHistoryOf } from './customer-value.ts'
import { fitBgNbd } from './fit-bg-nbd.ts'
import { fitGammaGamma, type OrderValues } from './gamma-gamma.ts'

/** So many customers are enough for four parameters (see CustomerSample). */
export const MAX_CUSTOMERS = 50_000

export interface FitClvOptions {
  /** Names the model. */
  readonly version: string
  /** Until when the customers were observed, epoch ms: not before any of their events. */
  readonly asOf: number
  /** The fewest customers who bought again that parameters are fitted from. */
  readonly minRepeatCustomers?: number
}

/**
 * A tenant's CLV model from the states of his customers, in an order that doesn't change from run to run.
 * @returns null when too few customers bought again
 */
export function fitClv(states: readonly PurchaseSummary[], options: FitClvOptions): ClvModel | null {
  const buyers = states.filter(({ purchaseDays }) => purchaseDays > 0)
  const histories = buyers.map((state) => purchaseHistoryOf(state, options.asOf)!)
  const repeatCustomers = histories.filter(({ repeats }) => repeats > 0).length
  if (repeatCustomers < (options.minRepeatCustomers ?? 100)) return null
  const fitted = fitBgNbd(histories)
  if (fitted === null) return null
  const { model, logLikelihood, gainOfBeta, fallback } = fitted
  return {
    name: 'bg-nbd-gamma-gamma',
    kind: 'clv',
    version: options.version,
    purchases: model,
    values: valuesOf(buyers),
    fit: { at: options.asOf, customers: buyers.length, repeatCustomers, logLikelihood, gainOfBeta, fallback },
  }
}

/** Of the currency that most customers pay in; of the first by its code, if several. */
function valuesOf(buyers: readonly PurchaseSummary[]): ClvModel['values'] {
  const byCurrency = new Map<string, OrderValues[]>()
  for (const state of buyers) {
    const reported = state.money[state.reporting]
    const values = orderValuesOf(state)
    if (reported === undefined || values === null || values.mean <= 0) continue
    const known = byCurrency.get(reported.currency)
    if (known === undefined) byCurrency.set(reported.currency, [values])
    else known.push(values)
  }
  const [most] = [...byCurrency].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
  if (most === undefined) return null
  const fitted = fitGammaGamma(most[1])
  return fitted === null ? null : { currency: most[0], ...fitted.model }
}
