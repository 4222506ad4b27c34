/** NumPy's default: linear between the two values around position (n − 1) · share of the sorted values. */
export function exactQuantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)]!
  const above = sorted[Math.ceil(position)]!
  return below + (above - below) * (position - Math.floor(position))
}

/** The shares that a value is a quantile of: from its first possible position to its last, of n − 1. */
export function rankRange(values: readonly number[], value: number): { from: number; to: number } {
  const steps = Math.max(1, values.length - 1)
  const below = values.filter((each) => each < value).length
  const notAbove = values.filter((each) => each <= value).length
  return { from: (below - 1) / steps, to: notAbove / steps }
}
