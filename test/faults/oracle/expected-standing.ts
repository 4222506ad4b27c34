import type { ExpectedCustomer } from '../../../demo/books/expected-customer.ts'
import type { Thresholds } from '../../../schemas/thresholds.ts'
import { allowedClasses, type Held } from './hold.ts'
import type { Settings } from './settings-book.ts'

const DAY_MS = 86_400_000
export const SEGMENTS = ['At-Risk', 'Promising', 'Potential', 'Loyal', 'Champion'] as const
export const TIERS = ['At-Risk', 'Bronze', 'Silver', 'Gold', 'Platinum'] as const

/** Where a customer stands in his tenant's population. */
export interface ExpectedStanding {
  readonly r: number
  readonly f: number
  readonly m: number
  readonly segment: (typeof SEGMENTS)[number]
  /** 0 to 1. */
  readonly loyalty: number
  readonly ranks: Readonly<Record<'recency' | 'frequency' | 'monetary', number>>
  /** Positions in TIERS that may be held: two where the score lies on an edge but for rounding. */
  readonly tiers: readonly number[]
}

/** Null for who never bought, and as long as nothing is known of those who pay in his currency. */
export function expectedStanding(
  facts: ExpectedCustomer,
  thresholds: Thresholds | null,
  settings: Settings,
  held: Held | null,
): ExpectedStanding | null {
  const place = placeOf(facts, settings)
  const monetary = thresholds?.monetary[place?.currency ?? '']
  if (place === null || thresholds === null || monetary === undefined) return null
  const { recency, frequency, bins, segments } = thresholds
  const r = 1 + recency.cuts.filter((cut) => place.day >= cut).length
  const f = 1 + frequency.cuts.filter((cut) => facts.purchases > cut).length
  const m = 1 + monetary.cuts.filter((cut) => place.netMinor > cut).length
  const total = r + f + m
  const ranks = {
    recency: rankOf(place.day, recency.grid),
    frequency: rankOf(facts.purchases, frequency.grid),
    monetary: rankOf(place.netMinor, monetary.grid),
  }
  const loyalty = weighed(ranks, settings)
  // No least interval: not even for a time before that of the record by which the tier was entered.
  const minIntervalMs = Number.NEGATIVE_INFINITY
  const rule = { edges: settings.thresholds.tier, margin: settings.margins.tier, minIntervalMs }
  return {
    r,
    f,
    m,
    segment: SEGMENTS[total >= 3 * bins - 2 ? 4 : segments.filter((edge) => total >= edge).length]!,
    loyalty,
    ranks,
    tiers: allowedClasses(held, loyalty, facts.newestAt, rule),
  }
}

/** What a customer is counted by, null before the first purchase. */
export function placeOf(
  { purchases, lastPurchaseAt, reporting }: ExpectedCustomer,
  { currency }: Settings,
): { readonly day: number; readonly netMinor: number; readonly currency: string } | null {
  if (purchases === 0 || lastPurchaseAt === null) return null
  return {
    day: Math.floor(lastPurchaseAt / DAY_MS),
    netMinor: reporting === null ? 0 : reporting.purchasedMinor - reporting.refundedMinor,
    currency: reporting?.currency ?? currency ?? '',
  }
}

/** The share of customers below a value, ties counted half, linear between the grid's quantiles. */
function rankOf(value: number, grid: readonly number[]): number {
  const steps = grid.length - 1
  const below = grid.filter((point) => point < value).length
  const upTo = grid.filter((point) => point <= value).length
  if (upTo > below) return (below + upTo - 1) / 2 / steps
  if (below === 0) return 0
  if (below === grid.length) return 1
  return (below - 1 + (value - grid[below - 1]!) / (grid[below]! - grid[below - 1]!)) / steps
}

export function weighed(ranks: ExpectedStanding['ranks'], { population }: Settings): number {
  const { recency, frequency, monetary } = population.loyaltyWeights
  const sum = recency * ranks.recency + frequency * ranks.frequency + monetary * ranks.monetary
  return Math.min(1, sum / (recency + frequency + monetary))
}
