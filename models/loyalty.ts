/** Loyalty tiers, lowest first: tier i begins at edge i − 1 of the tenant's `thresholds.tier`. */
export const LOYALTY_TIERS = ['At-Risk', 'Bronze', 'Silver', 'Gold', 'Platinum'] as const
export type LoyaltyTier = (typeof LOYALTY_TIERS)[number]

/** A number for each thing that customers are ranked by. */
export interface ByRank {
  readonly recency: number
  readonly frequency: number
  readonly monetary: number
}

/**
 * The share of customers below a value, ties counted half: 0 to 1. Linear between grid points.
 * @param grid quantiles at even steps from the least to the greatest value, ascending, at least two
 */
export function rankOf(value: number, grid: readonly number[]): number {
  const last = grid.length - 1
  const below = firstAtLeast(grid, value)
  if (below > last) return 1
  if (grid[below]! > value) {
    if (below === 0) return 0
    const from = grid[below - 1]!
    return (below - 1 + (value - from) / (grid[below]! - from)) / last
  }
  let most = below
  while (most < last && grid[most + 1] === value) most++
  return (below + most) / 2 / last
}

/** Position of the first grid point that isn't below the value; the grid's length when there is none. */
function firstAtLeast(grid: readonly number[], value: number): number {
  let low = 0
  let high = grid.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (grid[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Σ weight × rank / Σ weight: 0 to 1. Ranks rather than shares of the maximum: one giant must not dwarf all others. */
export function loyaltyScore(ranks: ByRank, weights: ByRank): number {
  const sum = weights.recency + weights.frequency + weights.monetary
  const weighed =
    weights.recency * ranks.recency + weights.frequency * ranks.frequency + weights.monetary * ranks.monetary
  return Math.min(1, weighed / sum)
}
