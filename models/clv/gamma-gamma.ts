import { logGamma } from '../log-gamma.ts'
import { nelderMead } from '../nelder-mead.ts'

/**
 * Parameters of the Gamma-Gamma model of order values (Fader, Hardie and Lee 2005, "RFM and CLV"; Fader and Hardie 2013,
 * "The Gamma-Gamma Model of Monetary Value"): orders of one customer are Gamma(p, rate ν) distributed, and ν over the
 * customers Gamma(q, rate v). Value is taken as independent of how often a customer buys.
 */
export interface GammaGamma {
  readonly p: number
  readonly q: number
  /** In the unit of the values. */
  readonly v: number
}

export interface OrderValues {
  /** How many orders the mean is of, at least 1. */
  readonly orders: number
  readonly mean: number
}

/** Parameters are searched between e^-LIMIT and e^LIMIT times where they start. */
const LIMIT = 15

/** The mean value that a customer's further orders will have: his own mean and that of all, weighted by how many he made. */
export function expectedOrderValue({ p, q, v }: GammaGamma, { orders, mean }: OrderValues): number {
  return (p * (v + orders * mean)) / (p * orders + q - 1)
}

/** Equation 1a of Fader and Hardie 2013. */
export function gammaGammaLikelihood(customers: readonly OrderValues[]): (model: GammaGamma) => number {
  const byOrders = new Map<number, number>()
  let constant = 0
  for (const { orders, mean } of customers) {
    byOrders.set(orders, (byOrders.get(orders) ?? 0) + 1)
    constant -= Math.log(mean)
  }
  return ({ p, q, v }) => {
    let sum = constant + customers.length * (q * Math.log(v) - logGamma(q))
    for (const [orders, count] of byOrders) sum += count * (logGamma(p * orders + q) - logGamma(p * orders))
    for (let i = 0; i < customers.length; i++) {
      const { orders, mean } = customers[i]!
      const total = orders * mean
      sum += p * orders * Math.log(total) - (p * orders + q) * Math.log(total + v)
    }
    return sum
  }
}

/**
 * Maximum likelihood, with q above 1: below it the customers' mean value would be infinite.
 * @param customers those whose mean is above 0
 * @returns null for fewer than two customers
 */
export function fitGammaGamma(
  customers: readonly OrderValues[],
): { readonly model: GammaGamma; readonly logLikelihood: number } | null {
  if (customers.length < 2) return null
  const likelihood = gammaGammaLikelihood(customers)
  const orders = customers.reduce((sum, each) => sum + each.orders, 0)
  const mean = customers.reduce((sum, each) => sum + each.orders * each.mean, 0) / orders
  const modelOf = ([p, q, v]: readonly number[]): GammaGamma => ({
    p: Math.exp(p!),
    q: 1 + Math.exp(q!),
    v: mean * Math.exp(v!),
  })
  const loss = (logs: readonly number[]): number =>
    logs.some((log) => Math.abs(log) > LIMIT) ? Number.POSITIVE_INFINITY : -likelihood(modelOf(logs))
  const { at, value } = nelderMead(loss, [1, 1, 0])
  return { model: modelOf(at), logLikelihood: -value }
}
