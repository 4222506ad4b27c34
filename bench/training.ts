import { FEATURE_COUNT } from '../models/features.ts'
import type { Trait } from '../schemas/customer-state.ts'
import { evaluate } from '../training/evaluate.ts'
import type { TrainingExample } from '../training/example.ts'
import { normal, seededRandom } from '../training/random.ts'
import { trainModel } from '../training/train-model.ts'
import { machine, say } from './setup.ts'

/*
 * How long one training takes on one core: 27 built-in features and 23 traits (20 numbers, 3 texts), labels from a known
 * function of some of them. Usage: node bench/training.ts [examples]
 */
const EXAMPLES = Number(process.argv[2] ?? 100_000)
const CITIES = Array.from({ length: 40 }, (_, i) => `city-${i}`)

function makeExamples(length: number, seed: number): TrainingExample[] {
  const random = seededRandom(seed)
  return Array.from({ length }, (_, i): TrainingExample => {
    const features = Float64Array.from({ length: FEATURE_COUNT }, () => Math.abs(normal(random)))
    const traits: Trait[] = Array.from({ length: 20 }, (_, j) => ({
      name: `number-${j}`,
      value: normal(random),
      at: 0,
    }))
    for (let j = 0; j < 3; j++) {
      traits.push({ name: `text-${j}`, value: CITIES[Math.floor(40 * random() ** 2)]!, at: 0 })
    }
    const [a, b] = [traits[0]!.value as number, traits[1]!.value as number] // made on the lines above
    const logOdds = features[0]! - 2 + Math.sin(2 * a) + 0.5 * Math.abs(b) + (traits[20]!.value === 'city-0' ? 1 : 0)
    const label = random() < 1 / (1 + Math.exp(-logOdds)) ? 1 : 0
    return { customer: `shop/c-${i}`, at: i, knownAt: i, label, features, traits }
  })
}

const examples = makeExamples(EXAMPLES, 1)
const unseen = makeExamples(20_000, 2)
const started = process.cpuUsage()
const begun = performance.now()
const model = trainModel(examples, {
  name: 'bench',
  kind: 'lead',
  version: 'bench-1',
  onProgress: (share) => say(`${Math.round(100 * share)} % after ${((performance.now() - begun) / 1000).toFixed(1)} s`),
})
const seconds = (performance.now() - begun) / 1000
const cpu = process.cpuUsage(started)
const terms = model.inputs.reduce((sum, { coefficients }) => sum + coefficients.length, 0)
say(`${machine()}: ${EXAMPLES} examples, ${model.inputs.length} features, ${terms} terms`)
say(
  `${seconds.toFixed(1)} s, ${((cpu.user + cpu.system) / 1e6).toFixed(1)} s of CPU, penalty ${model.training?.penalty}`,
)
process.stdout.write(`${JSON.stringify({ seconds, terms, unseen: evaluate(model, unseen) })}\n`)
