import { compileModel } from '../models/linear-model.ts'
import { scoreModel } from '../models/score.ts'
import type { Trait } from '../schemas/customer-state.ts'
import type { Histogram, LinearModel } from '../schemas/model.ts'
import { inputValueOf } from './drift.ts'
import { binCount, binOf } from './histogram.ts'

/** What a model saw, and of whom. */
export interface SeenInputs {
  readonly customer: string
  readonly features: Float64Array
  readonly traits: readonly Trait[]
}

/**
 * The model with what was scored until now as its reference, in its own bins. Examples to learn from are taken where an
 * outcome came, and many features differ there from what is scored day by day: against examples a stream that never
 * changed would have drifted.
 * @param seen the newest @param leastCustomers with fewer the training examples stay the reference
 */
export function withScoredReference(
  model: LinearModel,
  seen: readonly SeenInputs[],
  leastCustomers: number,
): LinearModel {
  const customers = new Set(seen.map(({ customer }) => customer)).size
  const { reference } = model
  if (reference === undefined || customers < leastCustomers) return model
  const compiled = compileModel(model)
  const binned = (bins: Histogram, inputOf: (each: SeenInputs) => ReturnType<typeof inputValueOf>): Histogram => {
    const counts = new Float64Array(binCount(bins))
    for (const each of seen) counts[binOf(bins, inputOf(each))]!++
    return { ...bins, shares: [...counts].map((count) => count / seen.length) }
  }
  return {
    ...model,
    reference: {
      features: Object.fromEntries(
        Object.entries(reference.features).map(([name, bins]) => [
          name,
          binned(bins, ({ features, traits }) => inputValueOf(name, features, traits)),
        ]),
      ),
      score: binned(reference.score, ({ features, traits }) => scoreModel(compiled, features, traits)),
      scored: { samples: seen.length, customers },
    },
  }
}
