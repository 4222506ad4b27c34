import type { CrossSell } from '../../schemas/avro/cross-sell.ts'
import type { Nps } from '../../schemas/avro/nps.ts'
import { type ExpectedAnswers, type ExpectedOrders, ordersWithBoth, type WindowName } from './expected-windows.ts'

const MAX_PAIRS = 50_000
/** A least number of orders for a pair that is told of, as the demo's settings have it. */
export const MIN_ORDERS = 5

/** Every window and group that has answers has its result, with the true counts; every window that ends is closed. */
export function checkNps(results: readonly Nps[], expected: ReadonlyMap<string, ExpectedAnswers>): string[] {
  const mismatches: string[] = []
  const found = new Map(results.map((result) => [nameOf(result), result]))
  for (const [name, { promoters, passives, detractors }] of expected) {
    const result = found.get(name)
    const wanted = [promoters, passives, detractors].join(' ')
    if (result === undefined) {
      mismatches.push(`NPS of ${name} is missing`)
      continue
    }
    const stored = [result.promoters, result.passives, result.detractors].join(' ')
    if (stored !== wanted) mismatches.push(`NPS of ${name} counts ${stored}, not ${wanted}`)
    const total = promoters + passives + detractors
    const nps = (100 * (promoters - detractors)) / total
    if (result.total !== total || result.nps === null || Math.abs(result.nps - nps) > 1e-9 * Math.abs(nps)) {
      mismatches.push(`NPS of ${name} is ${result.nps} of ${result.total}, not ${nps} of ${total}`)
    }
    if (result.final !== (result.windowEnd !== null)) mismatches.push(`NPS of ${name} is not final`)
  }
  for (const [name, { total }] of found) {
    if (total > 0 && !expected.has(name)) mismatches.push(`NPS of ${name} counts answers that nobody gave`)
  }
  return mismatches
}

function nameOf({ windowStart, windowEnd, groupKey, groupValue }: Nps): string {
  return `${windowStart}/${windowEnd ?? ''} ${groupKey === null ? '' : `${groupKey}=${groupValue}`}`
}

/** Every pair is as often as it says, within its own maxError; no pair is missing that the published bound holds. */
export function checkCrossSell(
  results: readonly CrossSell[],
  expected: ReadonlyMap<WindowName, ExpectedOrders>,
): string[] {
  const mismatches: string[] = []
  const byWindow = Map.groupBy(results, ({ windowStart, windowEnd }) => `${windowStart}/${windowEnd ?? ''}`)
  for (const [window, pairs] of byWindow) {
    const of = expected.get(window)
    if (of === undefined) mismatches.push(`cross-sell has the window ${window}, in which nobody bought anything`)
    else for (const pair of pairs) mismatches.push(...faultsOf(pair, of).map((fault) => `${window}: ${fault}`))
  }
  for (const [window, of] of expected) {
    const told = new Set((byWindow.get(window) ?? []).map(({ a, b }) => `${a}+${b}`))
    // Where there are more additions than places, a pair in so many orders can't have been given up.
    const least = MIN_ORDERS + (of.byItem.size > 0 ? Math.ceil(of.pairs / MAX_PAIRS) : 0)
    const frequent = [...of.byItem].filter(([, orders]) => orders.length >= least).map(([item]) => item)
    frequent.sort((one, other) => (one < other ? -1 : 1))
    frequent.forEach((a, i) => {
      for (const b of frequent.slice(i + 1)) {
        if (told.has(`${a}+${b}`)) continue
        const orders = ordersWithBoth(of, a, b)
        if (orders >= least) mismatches.push(`${window}: ${a} and ${b}, in ${orders} orders, are missing`)
      }
    })
  }
  return mismatches
}

function faultsOf(pair: CrossSell, of: ExpectedOrders): string[] {
  const { a, b, orders, ordersA, ordersB, totalOrders, maxError, final, windowEnd } = pair
  const faults: string[] = []
  const isWithin = (count: number, truth: number): boolean => count <= truth && count >= truth - maxError
  const wanted = ordersWithBoth(of, a, b)
  if (!isWithin(orders, wanted)) faults.push(`${a} and ${b} are in ${orders} orders (± ${maxError}), not in ${wanted}`)
  if (final !== (windowEnd !== null)) faults.push(`${a} and ${b} are not final`)
  // Pairs of a window that is open are sent again a while after its other orders.
  if (!final) return faults
  const [trueA, trueB] = [a, b].map((item) => of.byItem.get(item)?.length ?? 0) as [number, number]
  if (!isWithin(ordersA, trueA)) faults.push(`${a} is in ${ordersA} orders (± ${maxError}), not in ${trueA}`)
  if (!isWithin(ordersB, trueB)) faults.push(`${b} is in ${ordersB} orders (± ${maxError}), not in ${trueB}`)
  if (totalOrders !== of.orders) faults.push(`${a} and ${b}: ${totalOrders} orders in all, not ${of.orders}`)
  return faults
}
