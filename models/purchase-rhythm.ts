import type { CustomerState } from '../schemas/customer-state.ts'
import { NEVER } from '../schemas/customer-state.ts'
import { DAY_MS } from './counters.ts'

/** Gaps shorter than this say nothing about a rhythm: two orders of one evening are no daily habit. */
const LEAST_MEAN_GAP_DAYS = 1
/** The overdue ratio counts from an eighth to eight times the usual gap; beyond that it carries no more news. */
const LIMIT = 3

/** Days from the newest purchase to `asOf`, null without a purchase. */
export function recencyDaysOf(state: CustomerState, asOf: number): number | null {
  return state.lastPurchaseAt === NEVER ? null : Math.max(0, asOf - state.lastPurchaseAt) / DAY_MS
}

/**
 * log2 of recency over the mean gap, within ±3: 0 is right on schedule, 1 twice as long as usual. 0 without a gap. One
 * or two gaps aren't a rhythm yet, so the value is shrunk towards 0 by gaps / (gaps + 1). Never falls as `asOf` grows.
 */
export function overdueOf(state: CustomerState, asOf: number): number {
  const recency = recencyDaysOf(state, asOf)
  if (recency === null || state.gaps === 0) return 0
  return overdueAfter(recency, state)
}

/** overdueOf for a customer with gaps whose last purchase is so long ago. */
export function overdueAfter(recencyDays: number, state: CustomerState): number {
  const ratio = Math.log2(recencyDays / usualGapDays(state))
  return (Math.min(LIMIT, Math.max(-LIMIT, ratio)) * state.gaps) / (state.gaps + 1)
}

/**
 * Days since the last purchase between which overdueAfter moves; it stands still before and after.
 * Between them its slope is gaps / (gaps + 1) / (ln 2 × days).
 */
export function overdueMoves(state: CustomerState): { readonly from: number; readonly to: number } {
  const usual = usualGapDays(state)
  return { from: usual * 2 ** -LIMIT, to: usual * 2 ** LIMIT }
}

function usualGapDays({ gapMeanDays }: CustomerState): number {
  return Math.max(gapMeanDays, LEAST_MEAN_GAP_DAYS)
}

/** 1 / (1 + coefficient of variation) of the gaps: 1 is like clockwork; 0 below two gaps. */
export function regularityOf(state: CustomerState): number {
  if (state.gaps < 2 || state.gapMeanDays <= 0) return 0
  const deviation = Math.sqrt(state.gapM2 / (state.gaps - 1))
  return 1 / (1 + deviation / state.gapMeanDays)
}
