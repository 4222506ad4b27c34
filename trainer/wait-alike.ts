import type { TrainingExample } from '../training/example.ts'
import type { KeptExample } from './kept-examples.ts'

/**
 * The examples, those that outcomes labelled made to wait as long as those that horizons did; who would still wait is left
 * out. A tenant who tells of those who leave, and not of those who stay, would else have newest examples of one class only:
 * a model takes being new for a reason, and is judged by examples of that class.
 */
export function waitAlike(kept: readonly KeptExample[]): TrainingExample[] {
  let wait = 0
  let reached = Number.NEGATIVE_INFINITY
  for (const { example, byHorizon } of kept) {
    if (!byHorizon) continue
    wait = Math.max(wait, example.knownAt - example.at)
    reached = Math.max(reached, example.knownAt)
  }
  if (wait === 0) return kept.map(({ example }) => example)
  return kept.flatMap(({ example, byHorizon }) => {
    if (byHorizon) return [example]
    const knownAt = Math.max(example.knownAt, example.at + wait)
    return knownAt > reached ? [] : [{ ...example, knownAt }]
  })
}
