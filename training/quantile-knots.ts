/**
 * Ascending distinct knots: the least and the greatest value, and the quantiles i / pieces between them (linear
 * interpolation at (n − 1) × q, NumPy's default). Fewer than pieces + 1 where values repeat, one where all are the same.
 */
export function quantileKnots(values: readonly number[], pieces: number): number[] {
  const sorted = Float64Array.from(values).sort()
  const knots: number[] = []
  for (let i = 0; i <= pieces; i++) {
    const knot = quantile(sorted, i / pieces)
    if (knots.length === 0 || knot > knots.at(-1)!) knots.push(knot)
  }
  return knots
}

/** @param sorted ascending, not empty */
export function quantile(sorted: Float64Array, q: number): number {
  const position = (sorted.length - 1) * q
  const below = Math.floor(position)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (position - below)
}
