/** The tenant's rule for one kind of class. */
export interface HoldRule {
  /** Ascending: class i begins at edge i − 1. */
  readonly edges: readonly number[]
  readonly margin: number
  readonly minIntervalMs: number
}

export interface Held {
  readonly class: number
  readonly since: number
  /** The probability or risk that it began with. */
  readonly value: number
}

/** Two sums of the same numbers in another order differ by less. */
const NEARBY = 1e-9

/**
 * The class that may be held after a score: two of them where the value lies on an edge but for rounding. The first time
 * it is the one that the value lies in; it is left only for one whose edge the value is past by the margin, and not
 * before the least interval has passed since it was entered.
 */
export function allowedClasses(held: Held | null, value: number, asOf: number, rule: HoldRule): readonly number[] {
  return [...new Set([value, value - NEARBY, value + NEARBY].map((each) => classFor(held, each, asOf, rule)))]
}

function classFor(held: Held | null, value: number, asOf: number, rule: HoldRule): number {
  const reached = (by: number): number => rule.edges.filter((edge) => value >= edge + by).length
  if (held === null) return reached(0)
  if (asOf - held.since < rule.minIntervalMs) return held.class
  const surely = reached(rule.margin)
  const possibly = reached(-rule.margin)
  return surely > held.class ? surely : Math.min(held.class, possibly)
}
