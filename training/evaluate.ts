import { compileModel } from '../models/linear-model.ts'
import { scoreModel } from '../models/score.ts'
import type { LinearModel, ModelMetrics } from '../schemas/model.ts'
import type { TrainingExample } from './example.ts'
import { metricsOf } from './metrics.ts'

/** The probability that a model gives to each example. */
export function predict(model: LinearModel, examples: readonly TrainingExample[]): Float64Array {
  const compiled = compileModel(model)
  return Float64Array.from(examples, ({ features, traits }) => scoreModel(compiled, features, traits))
}

/** Measures on examples that the model hasn't learned from: that they haven't is for the caller to see to. */
export function evaluate(model: LinearModel, examples: readonly TrainingExample[]): ModelMetrics {
  return metricsOf(
    predict(model, examples),
    examples.map(({ label }) => label),
  )
}
