import { GRID_POINTS, type Ranking, type Thresholds } from '../../schemas/thresholds.ts'
import { DAY, NOON } from './build-event.ts'

/** A ranking of values spread evenly from `least` to `most`. */
export function evenly(least: number, most: number, bins = 5): Ranking {
  const at = (share: number): number => least + (most - least) * share
  return {
    cuts: Array.from({ length: bins - 1 }, (_, i) => at((i + 1) / bins)),
    grid: Array.from({ length: GRID_POINTS }, (_, i) => at(i / (GRID_POINTS - 1))),
    rankError: 0,
  }
}

/** A population that last bought in the hundred days up to NOON, up to 11 times, for up to £1,000. */
export function thresholds(fields: Partial<Thresholds> = {}): Thresholds {
  const today = Math.floor(NOON / DAY)
  return {
    version: 1,
    asOf: NOON,
    customers: 1_000,
    classified: 0,
    bins: 5,
    recency: evenly(today - 100, today),
    frequency: evenly(1, 11),
    monetary: { GBP: evenly(0, 100_000) },
    segments: [7, 9, 11],
    ...fields,
  }
}
