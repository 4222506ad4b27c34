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
