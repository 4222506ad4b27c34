import { GRID_POINTS, type Ranking, type Thresholds } from '../schemas/thresholds.ts'
import { exactRange, Histogram } from './histogram.ts'
import type { Population } from './population.ts'

const DAY_MS = 86_400_000
/** Growing or shrinking by this factor moves the quantiles of a young population too far to wait for the next day. */
const GROWTH = 1.25
/** Shares of the customers below Promising, Potential and Loyal; a total has the share below it plus half of its own. */
const SEGMENT_SHARES = [0.2, 0.45, 0.7] as const

export interface PublishRule {
  /** Ranks say little among fewer. */
  readonly minCustomers: number
  readonly bins: number
  /** Nobody has moved for a while. */
  readonly isQuiet?: boolean
}

/**
 * The thresholds to send now, or null. They are sent when the population reaches `minCustomers`; when it has grown by a
 * quarter since; once most customers have an RFM total, which they have only by thresholds; on a new day, if they moved; and when it is quiet
 * and the totals, which are those by the last thresholds only now, say other segments.
 * Ranks don't change by time alone (see recencyScoreOf), so a day on which nobody buys needs none.
 * @param published the last that were sent
 * @param asOf the tenant's time: stream time or wall clock, epoch ms
 */
export function nextThresholds(
  population: Population,
  published: Thresholds | null,
  asOf: number,
  rule: PublishRule,
): Thresholds | null {
  if (population.size < Math.max(1, rule.minCustomers)) return null
  if (published !== null && !isDue(population, published, asOf, rule)) return null
  const thresholds = thresholdsOf(population, { version: (published?.version ?? 0) + 1, asOf, bins: rule.bins })
  return published !== null && saysTheSame(thresholds, published) ? null : thresholds
}

function isDue(population: Population, published: Thresholds, asOf: number, rule: PublishRule): boolean {
  const { size } = population
  if (size >= published.customers * GROWTH || size * GROWTH <= published.customers) return true
  if (published.classified < published.customers / 2 && population.totals.size >= size * 0.9) return true
  if (rule.isQuiet && edgesOf(population, rule.bins).join() !== published.segments.join()) return true
  return rule.bins !== published.bins || Math.floor(asOf / DAY_MS) > Math.floor(published.asOf / DAY_MS)
}

function saysTheSame(a: Thresholds, b: Thresholds): boolean {
  return JSON.stringify({ ...a, version: 0, asOf: 0 }) === JSON.stringify({ ...b, version: 0, asOf: 0 })
}

/** The `thresholds` record of a population that isn't empty. */
export function thresholdsOf(
  population: Population,
  { version, asOf, bins }: Pick<Thresholds, 'version' | 'asOf' | 'bins'>,
): Thresholds {
  const monetary = [...population.monetary].filter(([, { size }]) => size > 0).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    version,
    asOf,
    customers: population.size,
    classified: population.totals.size,
    bins,
    recency: rankingOf(population.recency, bins),
    frequency: rankingOf(population.frequency, bins),
    monetary: Object.fromEntries(monetary.map(([currency, histogram]) => [currency, rankingOf(histogram, bins)])),
    segments: edgesOf(population, bins),
  }
}

/** Until most customers have a total, by the totals of customers whose three scores have nothing to do with each other. */
function edgesOf({ size, totals }: Population, bins: number): number[] {
  return segmentEdges(totals.size >= size / 2 ? totals : independentTotals(bins), bins)
}

function rankingOf(histogram: Histogram, bins: number): Ranking {
  return {
    cuts: Array.from({ length: bins - 1 }, (_, i) => histogram.quantile((i + 1) / bins)),
    grid: Array.from({ length: GRID_POINTS }, (_, i) => histogram.quantile(i / (GRID_POINTS - 1))),
    rankError: histogram.rankError,
  }
}

/** The lowest totals of Promising, Potential and Loyal. */
function segmentEdges(totals: Histogram, bins: number): number[] {
  let below = 0
  const ranks = totals.entries().map(([total, count]) => {
    below += count
    return { total, rank: (below - count / 2) / totals.size }
  })
  const nobody = 3 * bins + 1
  return SEGMENT_SHARES.map((share) => ranks.find(({ rank }) => rank >= share)?.total ?? nobody)
}

function independentTotals(bins: number): Histogram {
  const totals = new Histogram(exactRange)
  for (let r = 1; r <= bins; r++) {
    for (let f = 1; f <= bins; f++) for (let m = 1; m <= bins; m++) totals.add(r + f + m, 1)
  }
  return totals
}
