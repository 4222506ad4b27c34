/** How predicted classes and labels fall together. Classes are numbered from the lowest. */
export interface ClassTable {
  readonly classes: readonly string[]
  /** Rows: the class predicted; columns: what came of it. */
  readonly counts: readonly (readonly number[])[]
}

export interface ClassMeasures {
  readonly accuracy: number
  /** By class: of those that are it, how many were said to be; of those said to be it, how many are. 0 where there are none. */
  readonly recall: readonly number[]
  readonly precision: readonly number[]
  /** Harmonic mean of precision and recall. */
  readonly f1: readonly number[]
}

/** @param predicted and actual positions in `classes` */
export function tabulate(
  classes: readonly string[],
  predicted: ArrayLike<number>,
  actual: ArrayLike<number>,
): ClassTable {
  const counts = classes.map(() => classes.map(() => 0))
  for (let i = 0; i < predicted.length; i++) counts[predicted[i]!]![actual[i]!]!++
  return { classes, counts }
}

export function measuresOf({ classes, counts }: ClassTable): ClassMeasures {
  const said = counts.map((row) => row.reduce((sum, count) => sum + count, 0))
  const are = classes.map((_, i) => counts.reduce((sum, row) => sum + row[i]!, 0))
  const right = classes.map((_, i) => counts[i]![i]!)
  const total = said.reduce((sum, count) => sum + count, 0)
  const recall = right.map((count, i) => share(count, are[i]!))
  const precision = right.map((count, i) => share(count, said[i]!))
  return {
    accuracy: share(
      right.reduce((sum, count) => sum + count, 0),
      total,
    ),
    recall,
    precision,
    f1: recall.map((each, i) => share(2 * each * precision[i]!, each + precision[i]!)),
  }
}

/** What a grade or band of a probability is worth. */
export interface TierRow {
  readonly tier: string
  readonly examples: number
  readonly positives: number
  /** Share of all positives that this tier and those above it hold: what is found by who works from the top. */
  readonly recallFromTop: number
}

/** The confusion of tiers and labels, lowest tier first. @param tierOf position of a probability's tier in `tiers` */
export function tierTable(
  tiers: readonly string[],
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  tierOf: (probability: number) => number,
): TierRow[] {
  const examples = tiers.map(() => 0)
  const positives = tiers.map(() => 0)
  for (let i = 0; i < labels.length; i++) {
    const tier = tierOf(probabilities[i]!)
    examples[tier]!++
    positives[tier]! += labels[i]!
  }
  const all = positives.reduce((sum, count) => sum + count, 0)
  return tiers.map((tier, i) => ({
    tier,
    examples: examples[i]!,
    positives: positives[i]!,
    recallFromTop: share(
      positives.slice(i).reduce((sum, count) => sum + count, 0),
      all,
    ),
  }))
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}
