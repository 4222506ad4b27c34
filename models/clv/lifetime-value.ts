import { type BgNbd, expectedPurchases } from './bg-nbd.ts'
import type { PurchaseHistory } from './purchase-history.ts'

export interface Discounting {
  /** How far ahead to look, in the time unit of the model. */
  readonly horizon: number
  /** Purchases of one such period count as made at its end. */
  readonly period: number
  /** Discount for one period: 0.01 is 1 %; 0 counts a purchase to come like one of today. */
  readonly rate: number
}

/** Purchases to expect within the horizon, each discounted to today; times the value of an order this is the CLV. */
export function discountedPurchases(model: BgNbd, history: PurchaseHistory, discounting: Discounting): number {
  const { horizon, period, rate } = discounting
  if (rate === 0) return expectedPurchases(model, history, horizon)
  let sum = 0
  let before = 0
  for (let end = period; ; end += period) {
    const until = Math.min(end, horizon)
    const expected = expectedPurchases(model, history, until)
    sum += (expected - before) / (1 + rate) ** (until / period)
    if (end >= horizon) return sum
    before = expected
  }
}
