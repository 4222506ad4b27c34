import type { InputColumn } from './choose-inputs.ts'
import { DRIFT_LIMITS, inputValueOf, populationStability, psiLimitOf } from './drift.ts'
import { binCount, binOf, histogramOf } from './histogram.ts'
import type { SeenInputs } from './scored-reference.ts'

export interface Unstable {
  /** As inputs name it. */
  readonly feature: string
  /** Population stability index of recent values against those of the examples. */
  readonly psi: number
}

/**
 * The inputs whose values have moved between the examples and who was seen since: beyond the limit of drift, and beyond
 * chance. What grows with the age of a log, such as a number since ever, means something else by the time at which it is
 * scored than it did when it was learned from; no label that is old enough to be known shows it. Worst first.
 * @param customers by example @param recent newer than most examples, their labels needn't be known
 */
export function findUnstable(
  columns: readonly InputColumn[],
  customers: readonly string[],
  recent: readonly SeenInputs[],
): Unstable[] {
  const [learned, seen] = [new Set(customers).size, new Set(recent.map(({ customer }) => customer)).size]
  if (seen < DRIFT_LIMITS.least) return []
  return columns
    .map((column) => {
      const bins = histogramOf(column)
      const counts = new Float64Array(binCount(bins))
      for (const { features, traits } of recent) counts[binOf(bins, inputValueOf(column.feature, features, traits))]!++
      const psi = populationStability(bins.shares, counts, customers.length)
      return { feature: column.feature, psi, limit: psiLimitOf(bins, 1 / learned + 1 / seen) }
    })
    .filter(({ psi, limit }) => psi > limit)
    .map(({ feature, psi }) => ({ feature, psi }))
    .sort((a, b) => b.psi - a.psi)
}
