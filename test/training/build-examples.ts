import { FEATURE_COUNT } from '../../models/features.ts'
import type { Trait, TraitValue } from '../../schemas/customer-state.ts'
import type { TrainingExample } from '../../training/example.ts'
import { normal, type Random, seededRandom } from '../../training/random.ts'

export const traitsOf = (traits: Readonly<Record<string, TraitValue | null>>): Trait[] =>
  Object.entries(traits).map(([name, value]) => ({ name, value, at: 0 }))

export function example(fields: Partial<TrainingExample> = {}): TrainingExample {
  return {
    customer: 'shop/ada',
    at: 0,
    knownAt: 0,
    label: 0,
    features: new Float64Array(FEATURE_COUNT),
    traits: [],
    ...fields,
  }
}

/** The truth of `examplesOfTruth`: bent in one feature and one trait, steps in another trait, and a say in silence. */
export function trueLogOdds(engagement: number, traits: Readonly<Record<string, TraitValue | null>>): number {
  const { seats, plan } = traits
  const bySeats = typeof seats === 'number' ? 1.5 * Math.sin(seats) : 1
  const byPlan = { pro: 1, basic: -1 }[String(plan)] ?? 0
  return -0.5 + 2 * Math.min(engagement, 1) + bySeats + byPlan
}

export interface Truth {
  readonly examples: TrainingExample[]
  /** Of each example, the probability its label was drawn with. */
  readonly probabilities: Float64Array
}

/** Examples with labels drawn from a known law. Six features vary, one of them matters; a fifth of the seats is missing, plans are of uneven frequency. */
export function examplesOfTruth(length: number, seed: number): Truth {
  const random = seededRandom(seed)
  const probabilities = new Float64Array(length)
  const examples = Array.from({ length }, (_, i) => {
    const features = Float64Array.from({ length: FEATURE_COUNT }, (_, j) => (j < 6 ? Math.abs(normal(random)) : 0))
    const traits = {
      seats: random() < 0.2 ? null : 6 * random(),
      plan: planOf(random),
      noise: normal(random),
    }
    probabilities[i] = 1 / (1 + Math.exp(-trueLogOdds(features[0]!, traits)))
    const label = random() < probabilities[i]! ? 1 : 0
    return example({ customer: `shop/c-${i}`, at: i, knownAt: i + 10, label, features, traits: traitsOf(traits) })
  })
  return { examples, probabilities }
}

function planOf(random: Random): string {
  const draw = random()
  return draw < 0.3 ? 'pro' : draw < 0.7 ? 'basic' : draw < 0.98 ? 'trial' : `custom-${Math.floor(10_000 * random())}`
}
