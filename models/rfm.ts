/** Segments by RFM total, lowest first. */
export const SEGMENTS = ['At-Risk', 'Promising', 'Potential', 'Loyal', 'Champion'] as const
export type Segment = (typeof SEGMENTS)[number]

/**
 * A score from 1 (lowest) to cuts + 1: how many cuts a value is above, plus 1. Equal values score the same, and a value on a
 * cut belongs below it.
 * @param cuts ascending: the i / bins quantiles of all customers
 */
export function scoreOf(value: number, cuts: readonly number[]): number {
  let score = 1
  while (score <= cuts.length && value > cuts[score - 1]!) score++
  return score
}

/**
 * The recency score: as scoreOf of days since the last purchase, the other way round, so that the most recent score
 * highest. Told from the day of the last purchase, it doesn't change while nobody buys.
 * @param day of the last purchase, days since 1970
 * @param cuts ascending quantiles of such days; who bought on the day of a cut belongs above it
 */
export function recencyScoreOf(day: number, cuts: readonly number[]): number {
  let score = 1
  while (score <= cuts.length && day >= cuts[score - 1]!) score++
  return score
}

/**
 * Position in SEGMENTS. A Champion's total is at most two below the highest there is; who is how high below that depends
 * on the other customers.
 * @param total r + f + m
 * @param edges the lowest totals of Promising, Potential and Loyal
 */
export function segmentOf(total: number, bins: number, edges: readonly number[]): number {
  if (total >= 3 * bins - 2) return SEGMENTS.length - 1
  let segment = 0
  for (let i = 0; i < edges.length; i++) if (total >= edges[i]!) segment++
  return segment
}
