const DAY_MS = 86_400_000

/** How often something occurred, and the same with each occurrence worth half after 1, 7 or 30 days. */
export interface DecayedCount {
  readonly count: number
  readonly halfLife1: number
  readonly halfLife7: number
  readonly halfLife30: number
}

export interface Occurrence {
  readonly name: string
  readonly at: number
}

/** By name: the number n of occurrences at t1 … tn, and Σ 2^(−(asOf − ti) / half-life). */
export function decayedCounts(occurrences: readonly Occurrence[], asOf: number): Map<string, DecayedCount> {
  const byName = Map.groupBy(occurrences, ({ name }) => name)
  return new Map([...byName].map(([name, all]) => [name, countOf(all, asOf)]))
}

function countOf(occurrences: readonly Occurrence[], asOf: number): DecayedCount {
  const decayed = (days: number): number =>
    occurrences.reduce((sum, { at }) => sum + 2 ** (-(asOf - at) / (days * DAY_MS)), 0)
  return { count: occurrences.length, halfLife1: decayed(1), halfLife7: decayed(7), halfLife30: decayed(30) }
}
