import { FEATURE_COUNT } from '../models/features.ts'
import type { Trait } from '../schemas/customer-state.ts'
import { evaluate } from '../training/evaluate.ts'
import type { TrainingExample } from '../training/example.ts'
import { normal, seededRandom } from '../training/random.ts'
import { trainModel } from '../training/train-model.ts'
import { say } from './setup.ts'

const FEATURES = 50
const TEXTS = 3
const NUMBERS = FEATURES - FEATURE_COUNT - TEXTS

const CITIES = Array.from({ length: 40 }, (_, i) => `city-${i}`)

function makeExamples(length: number, seed: number): TrainingExample[] {
  const random = seededRandom(seed)
  return Array.from({ length }, (_, i): TrainingExample => {
    const features = Float64Array.from({ length: FEATURE_COUNT }, () => Math.abs(normal(random)))
    const traits: Trait[] = Array.from({ length: NUMBERS }, (_, j) => ({
      name: `number-${j}`,
      value: normal(random),
      at: 0,
    }))
    for (let j = 0; j < TEXTS; j++) {
      traits.push({ name: `text-${j}`, value: CITIES[Math.floor(40 * random() ** 2)]!, at: 0 })
    }
    const [a, b] = [traits[0]!.value as number, traits[1]!.value as number] // made on the lines above
    const logOdds =
      features[0]! - 2 + Math.sin(2 * a) + 0.5 * Math.abs(b) + (traits[NUMBERS]!.value === 'city-0' ? 1 : 0)
    const label = random() < 1 / (1 + Math.exp(-logOdds)) ? 1 : 0
    return { customer: `shop/c-${i}`, at: i, knownAt: i, label, features, traits }
  })
}

export interface TrainingCost {
  readonly examples: number
  readonly features: number
  readonly terms: number
  readonly seconds: number
  readonly cpuSeconds: number
  /** AUC on 20,000 examples that weren't learned from. */
  readonly auc: number
}

/**
 * How long one training takes on one core, cross-validation and calibration included: the built-in features and traits, 50 in
 * all (three of them texts), labels from a known function of some of them. Progress goes to stderr.
 */
export function measureTraining(length: number): TrainingCost {
  const examples = makeExamples(length, 1)
  const started = process.cpuUsage()
  const begun = performance.now()
  const seconds = () => Number(((performance.now() - begun) / 1000).toFixed(1))
  const onProgress = (share: number) => say(`training: ${Math.round(100 * share)} % after ${seconds()} s`)
  const model = trainModel(examples, { name: 'bench', kind: 'lead', version: 'bench-1', onProgress })
  const took = seconds()
  const { user, system } = process.cpuUsage(started)
  return {
    examples: length,
    features: model.inputs.length,
    terms: model.inputs.reduce((sum, { coefficients }) => sum + coefficients.length, 0),
    seconds: took,
    cpuSeconds: Number(((user + system) / 1e6).toFixed(1)),
    auc: Number(evaluate(model, makeExamples(20_000, 2)).auc.toFixed(4)),
  }
}
