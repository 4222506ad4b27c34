import { DAY_MS } from '../../models/counters.ts'
import type { ModelMetrics } from '../../schemas/model.ts'
import { predict } from '../../training/evaluate.ts'
import type { TrainingExample } from '../../training/example.ts'
import { metricsOf } from '../../training/metrics.ts'
import { newestBefore } from '../../training/split.ts'
import { trainModel } from '../../training/train-model.ts'

export interface Measured {
  readonly name: string
  readonly examples: number
  readonly metrics: ModelMetrics
}

const RETRAIN_MS = 14 * DAY_MS

/**
 * Purchases of the second half of a file's time, each predicted by a model of labels that were known before it: once by one
 * model that was trained at the half, and once by models retrained every two weeks.
 */
export function splitsOfPurchases(examples: readonly TrainingExample[]): Measured[] {
  const half = halfOf(examples)
  return [
    { name: 'trained once, at half of the time', everyMs: Number.MAX_SAFE_INTEGER },
    { name: 'retrained every two weeks from half of the time on', everyMs: RETRAIN_MS },
  ].map(({ name, everyMs }) => measurePrequential(name, examples, { from: half, everyMs }))
}

/** Of the time that the examples' labels need to be known, epoch ms. */
export function halfOf(examples: readonly TrainingExample[]): number {
  const end = Math.max(...examples.map(({ knownAt }) => knownAt))
  return (Math.min(...examples.map(({ at }) => at)) + end) / 2
}

interface Schedule {
  readonly from: number
  readonly everyMs: number
}

function measurePrequential(name: string, examples: readonly TrainingExample[], { from, everyMs }: Schedule): Measured {
  const last = Math.max(...examples.map(({ at }) => at))
  const probabilities: number[] = []
  const labels: number[] = []
  for (let time = from; time <= last; time += everyMs) {
    const train = examples.filter(({ knownAt }) => knownAt <= time)
    const test = examples.filter(({ at }) => at >= time && at < time + everyMs)
    const recent = newestBefore(examples, time)
    probabilities.push(...predict(trainModel(train, { name: 'repurchase', kind: 'churn', version: 'r', recent }), test))
    labels.push(...test.map(({ label }) => label))
  }
  return { name, examples: labels.length, metrics: metricsOf(probabilities, labels) }
}
