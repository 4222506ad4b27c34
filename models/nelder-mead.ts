export interface Minimum {
  readonly at: readonly number[]
  readonly value: number
  readonly evaluations: number
  /** Restarting from it gains nothing any more; false: the evaluations ran out first. */
  readonly converged: boolean
}

export interface NelderMeadOptions {
  /** Length of the first simplex's edges. */
  readonly step?: number
  /** A restart that gains less, relative to the value, ends the search. */
  readonly tolerance?: number
  readonly maxEvaluations?: number
}

interface Vertex {
  readonly at: readonly number[]
  readonly value: number
}

/**
 * The minimum of a function without derivatives: Nelder and Mead 1965 (reflection 1, expansion 2, contraction and shrinkage
 * 1/2), begun anew from where it ended until that gains nothing, because a simplex may collapse before the minimum.
 * Meant for a handful of parameters. The function may answer Infinity where it isn't defined, not at `start`.
 * Deterministic: nothing is drawn by chance.
 */
export function nelderMead(
  f: (at: readonly number[]) => number,
  start: readonly number[],
  { step = 0.5, tolerance = 1e-10, maxEvaluations = 20_000 }: NelderMeadOptions = {},
): Minimum {
  let evaluations = 0
  const vertex = (at: readonly number[]): Vertex => {
    evaluations++
    const value = f(at)
    return { at, value: Number.isNaN(value) ? Number.POSITIVE_INFINITY : value }
  }
  let best = vertex(start)
  while (evaluations < maxEvaluations) {
    const next = descend(best, step, vertex, () => evaluations < maxEvaluations)
    const gain = best.value - next.value
    best = next
    if (gain <= tolerance * (1 + Math.abs(best.value))) return { ...best, evaluations, converged: true }
  }
  return { ...best, evaluations, converged: false }
}

/** One run of the simplex, until its values or its vertices can't be told apart. */
function descend(start: Vertex, step: number, vertex: (at: readonly number[]) => Vertex, more: () => boolean): Vertex {
  const n = start.at.length
  const simplex = [start, ...start.at.map((_, i) => vertex(start.at.map((x, j) => (i === j ? x + step : x))))]
  for (;;) {
    simplex.sort((a, b) => a.value - b.value)
    const [best, worst] = [simplex[0]!, simplex[n]!]
    if (!more() || worst.value - best.value <= 1e-14 * (1 + Math.abs(best.value))) return best
    const centre = start.at.map((_, i) => simplex.reduce((sum, { at }, j) => (j < n ? sum + at[i]! : sum), 0) / n)
    const along = (t: number): Vertex => vertex(centre.map((x, i) => x + t * (worst.at[i]! - x)))
    const reflected = along(-1)
    if (reflected.value < best.value) {
      const expanded = along(-2)
      simplex[n] = expanded.value < reflected.value ? expanded : reflected
    } else if (reflected.value < simplex[n - 1]!.value) {
      simplex[n] = reflected
    } else {
      const contracted = along(reflected.value < worst.value ? -0.5 : 0.5)
      if (contracted.value < Math.min(reflected.value, worst.value)) simplex[n] = contracted
      else for (let i = 1; i <= n; i++) simplex[i] = vertex(simplex[i]!.at.map((x, j) => (x + best.at[j]!) / 2))
    }
  }
}
