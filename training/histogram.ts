import { type InputValue, isMissing } from '../models/basis.ts'
import type { TraitValue } from '../schemas/customer-state.ts'
import type { Histogram } from '../schemas/model.ts'
import type { InputColumn } from './choose-inputs.ts'
import { quantileKnots } from './quantile-knots.ts'

const SCORE_BINS = 10

/** How a model's training values fall into bins: between the knots of a number, or a level each. */
export function histogramOf({ basis, values }: InputColumn): Histogram {
  const bins: Omit<Histogram, 'shares'> =
    basis.kind === 'levels'
      ? { edges: [], levels: [...basis.levels] }
      : { edges: basis.kind === 'ramps' ? basis.knots.slice(1, -1) : [] }
  // Of two values a number has no inner knot; the upper one makes a bin of its own.
  const edges = basis.kind === 'ramps' && basis.knots.length === 2 ? [basis.knots[1]!] : bins.edges
  const known = values.map((value) => (isMissing(basis, value) ? null : value))
  return withShares({ ...bins, edges }, known)
}

/** How calibrated probabilities fall into tenths of the training examples. */
export function scoreHistogramOf(probabilities: Float64Array): Histogram {
  return withShares({ edges: quantileKnots([...probabilities], SCORE_BINS).slice(1, -1) }, [...probabilities])
}

function withShares(bins: Omit<Histogram, 'shares'>, values: readonly InputValue[]): Histogram {
  const counts = new Float64Array(binCount(bins))
  for (const value of values) counts[binOf(bins, value)]!++
  return { ...bins, shares: [...counts].map((count) => count / Math.max(1, values.length)) }
}

/** Bins of numbers or of levels (with one for all others), and the bin of missing values, which is the last. */
export function binCount({ edges, levels }: Omit<Histogram, 'shares'>): number {
  return (levels === undefined ? edges.length + 1 : levels.length + 1) + 1
}

export function binOf(bins: Omit<Histogram, 'shares'>, value: InputValue): number {
  const { edges, levels } = bins
  if (value === null) return binCount(bins) - 1
  if (levels !== undefined) {
    const level = levels.indexOf(value as TraitValue) // null was answered above
    return level < 0 ? levels.length : level
  }
  if (typeof value !== 'number') return binCount(bins) - 1
  let bin = 0
  while (bin < edges.length && value >= edges[bin]!) bin++
  return bin
}
