import type { TrainingExample } from './example.ts'
import { type Random, shuffled } from './random.ts'

export interface Split {
  readonly train: readonly TrainingExample[]
  readonly test: readonly TrainingExample[]
}

/**
 * Learns from what was known at `cut` and tests on what was seen from then on. Examples of before whose label became known
 * after it are in neither part: at `cut` nobody could have learned from them.
 */
export function splitAt(examples: readonly TrainingExample[], cut: number): Split {
  return {
    train: examples.filter(({ knownAt }) => knownAt <= cut),
    test: examples.filter(({ at }) => at >= cut),
  }
}

/** splitAt the moment after which the newest `testShare` of the examples lie. */
export function splitByTime(examples: readonly TrainingExample[], testShare: number): Split {
  const times = examples.map(({ at }) => at).sort((a, b) => a - b)
  return splitAt(examples, times[Math.floor(times.length * (1 - testShare))] ?? 0)
}

const MOST_RECENT = 1_000

/** The newest examples of before a moment, also those whose label wasn't known then: how customers were, not what became of them. */
export function newestBefore(examples: readonly TrainingExample[], moment: number): readonly TrainingExample[] {
  return examples
    .filter(({ at }) => at < moment)
    .sort((a, b) => a.at - b.at)
    .slice(-MOST_RECENT)
}

/** A random part of each class for testing, for examples without an order in time. */
export function splitStratified(examples: readonly TrainingExample[], testShare: number, random: Random): Split {
  const parts = [0, 1].map((label) => {
    const all = shuffled(
      examples.filter((example) => example.label === label),
      random,
    )
    const tested = Math.round(all.length * testShare)
    return { train: all.slice(tested), test: all.slice(0, tested) }
  })
  return { train: parts.flatMap(({ train }) => train), test: parts.flatMap(({ test }) => test) }
}
