import { hopOf } from '../models/windows.ts'
import type { CrossSell } from '../schemas/avro/cross-sell.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { type BasketWindow, firstOf, secondOf } from './basket-window.ts'
import { SENT } from './pair-marks.ts'

export type BasketLevel = 'item' | 'category'

/**
 * Whether a pair has enough orders to be a result: `minOrders`, and `minShare` of all orders of the window. Once it was
 * sent, half of that share is enough while the window is open, so that it doesn't come and go.
 */
export function isSupported(of: BasketWindow, slot: number, { crossSell }: TenantSettings): boolean {
  const orders = ordersOf(of, slot)
  if (orders < crossSell.minOrders) return false
  const isHeld = of.closedAt === null && of.marks.has(slot, SENT)
  return (isHeld ? 2 * orders : orders) / of.orders >= crossSell.minShare
}

/** What is known of the orders with both: never more than there are. */
function ordersOf({ pairs }: BasketWindow, slot: number): number {
  return Math.max(0, pairs.observedOf(slot))
}

/**
 * The result of a pair with at least one order. Support, confidence and lift as Agrawal, Imieliński and Swami (1993) and
 * Brin et al. (1997) define them, of the counts as they are given: where an item's count isn't kept, its orders are those
 * of the pair, and `maxError` says by how much it may be too low.
 */
export function pairResult(
  of: BasketWindow,
  slot: number,
  tenantId: string,
  level: BasketLevel,
  settings: TenantSettings,
  now: number,
): CrossSell {
  const { items, names, pairs } = of
  const orders = ordersOf(of, slot)
  const [a, b] = [firstOf(pairs.keyOf(slot)), secondOf(pairs.keyOf(slot))]
  const [itemA, itemB] = [items.find(a), items.find(b)]
  const ordersA = itemA < 0 ? orders : Math.max(orders, items.observedOf(itemA))
  const ordersB = itemB < 0 ? orders : Math.max(orders, items.observedOf(itemB))
  const errorOf = (item: number): number => (item < 0 ? items.floor : items.errorOf(item))
  return {
    tenantId,
    windowStart: of.window.start,
    windowEnd: of.window.end,
    windowHopMs: hopOf(of.window, settings, 'crossSell'),
    level,
    a: names.textOf(a)!,
    b: names.textOf(b)!,
    orders,
    ordersA,
    ordersB,
    totalOrders: of.orders,
    maxError: Math.max(pairs.errorOf(slot), errorOf(itemA), errorOf(itemB)),
    support: orders / of.orders,
    confidenceAB: orders / ordersA,
    confidenceBA: orders / ordersB,
    lift: (orders * of.orders) / (ordersA * ordersB),
    final: of.closedAt !== null,
    revision: of.revision,
    updatedAt: now,
  }
}
