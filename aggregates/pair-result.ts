import { hopOf } from '../models/windows.ts'
import type { CrossSell } from '../schemas/avro/cross-sell.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import type { PairCount } from './basket-window.ts'

export type BasketLevel = 'item' | 'category'

/** What is known of the orders with both: never more than there are. */
export function ordersOf({ observed }: PairCount): number {
  return Math.max(0, observed)
}

/**
 * The result of a pair with at least one order. Support, confidence and lift as Agrawal, Imieliński and Swami (1993) and
 * Brin et al. (1997) define them, of the counts as they are given: where an item's count isn't kept, its orders are those
 * of the pair, and `maxError` says by how much it may be too low.
 */
export function pairResult(
  pair: PairCount,
  tenantId: string,
  level: BasketLevel,
  settings: TenantSettings,
  now: number,
): CrossSell {
  const { of, a, b } = pair
  const orders = ordersOf(pair)
  const itemA = of.items.get(pair.keyA)
  const itemB = of.items.get(pair.keyB)
  const ordersA = Math.max(orders, itemA?.observed ?? 0)
  const ordersB = Math.max(orders, itemB?.observed ?? 0)
  const { floor } = of.items
  return {
    tenantId,
    windowStart: of.window.start,
    windowEnd: of.window.end,
    windowHopMs: hopOf(of.window, settings, 'crossSell'),
    level,
    a,
    b,
    orders,
    ordersA,
    ordersB,
    totalOrders: of.orders,
    maxError: Math.max(pair.error, itemA?.error ?? floor, itemB?.error ?? floor),
    support: orders / of.orders,
    confidenceAB: orders / ordersA,
    confidenceBA: orders / ordersB,
    lift: (orders * of.orders) / (ordersA * ordersB),
    final: of.closedAt !== null,
    revision: of.revision,
    updatedAt: now,
  }
}
