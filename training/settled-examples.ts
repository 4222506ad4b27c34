import { DAY_MS } from '../models/counters.ts'
import type { TrainingExample } from './example.ts'

const SETTLING_MS = 30 * DAY_MS
/** So many of the examples are learned from at least. */
const LEAST_SHARE = 1 / 3

/**
 * The examples without those of the first 30 days, unless too few would be left. A log begins in the midst of customers'
 * lives: in its first weeks old ones look like new ones, and what is learned of new ones there is wrong later.
 */
export function settledExamples(examples: readonly TrainingExample[]): readonly TrainingExample[] {
  const first = examples.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY)
  const settled = examples.filter(({ at }) => at >= first + SETTLING_MS)
  return settled.length >= LEAST_SHARE * examples.length ? settled : examples
}
