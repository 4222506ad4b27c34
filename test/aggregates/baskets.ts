import type { BasketDelta } from '../../schemas/avro/basket-delta.ts'
import type { CrossSell } from '../../schemas/avro/cross-sell.ts'
import { HOUR, START } from './aggregate-bench.ts'

export interface BasketFields {
  orders?: 1 | -1
  source?: number
  streamTime?: number
  windows?: { start: number; end: number | null }[]
  level?: 'item' | 'category'
}

/** A delta of one basket. */
export function basket(names: readonly string[], fields: BasketFields = {}): BasketDelta {
  const { orders = 1, source = 0, streamTime = START + HOUR, level = 'item' } = fields
  const { windows = [{ start: 0, end: null }] } = fields
  const one = { orders, windows: windows.map((_, i) => i), names: names.map((_, i) => i) }
  return { tenantId: 'shop', level, source, streamTime, windows, names: [...names], baskets: [one] }
}

export interface PairTruth {
  orders: number
  ordersA: number
  ordersB: number
  totalOrders: number
}

/** Brute force: every pair that stands in at least one order, by `a+b`. */
export function pairsOf(orders: readonly (readonly string[])[]): Map<string, PairTruth> {
  const items = [...new Set(orders.flat())].sort()
  const having = (...names: string[]) => orders.filter((order) => names.every((name) => order.includes(name))).length
  const pairs = new Map<string, PairTruth>()
  for (const a of items) {
    for (const b of items) {
      if (a >= b || having(a, b) === 0) continue
      const counts = { orders: having(a, b), ordersA: having(a), ordersB: having(b), totalOrders: orders.length }
      pairs.set(`${a}+${b}`, counts)
    }
  }
  return pairs
}

export function countsOf({ orders, ordersA, ordersB, totalOrders }: CrossSell): PairTruth {
  return { orders, ordersA, ordersB, totalOrders }
}
