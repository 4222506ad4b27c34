import { FEATURE_COUNT, FEATURES } from '../models/features.ts'
import { compileModel } from '../models/linear-model.ts'
import { contributionsOf, createWorkings, topReasons } from '../models/score.ts'
import type { Trait } from '../schemas/customer-state.ts'
import type { ModelInput } from '../schemas/model.ts'
import { normal, seededRandom } from '../training/random.ts'
import { machine } from './setup.ts'

/*
 * What one score with three reasons costs: 27 built-in features on eight ramps each (216 terms), with and without ten
 * traits of twenty levels (220 terms more). Usage: node bench/scoring.ts [scores]
 */
const SCORES = Number(process.argv[2] ?? 2_000_000)
const random = seededRandom(1)
const numbers = (length: number, of: () => number) => Array.from({ length }, of)

const ramps = FEATURES.map(({ name }): ModelInput => {
  const knots = numbers(9, () => 0).map((_, i) => i / 3)
  const terms = knots.length - 1
  return {
    feature: name,
    basis: { kind: 'ramps', knots, missing: false },
    means: numbers(terms, random),
    scales: numbers(terms, () => 1),
    coefficients: numbers(terms, () => normal(random)),
  }
})
const levels = Array.from(
  { length: 10 },
  (_, trait): ModelInput => ({
    feature: `traits.trait-${trait}`,
    basis: { kind: 'levels', levels: Array.from({ length: 20 }, (__, level) => `level-${level}`), missing: true },
    means: numbers(22, random),
    scales: numbers(22, () => 1),
    coefficients: numbers(22, () => normal(random)),
  }),
)

function measure(name: string, inputs: readonly ModelInput[], traits: readonly Trait[]): void {
  const model = compileModel({ name, kind: 'lead', version: name, intercept: 0, inputs })
  const vectors = numbers(1000, () => 0).map(() => Float64Array.from({ length: FEATURE_COUNT }, () => 3 * random()))
  const workings = createWorkings()
  const reasons = topReasons(model, workings, 0)
  let sum = 0
  const run = (scores: number): number => {
    const begun = process.cpuUsage()
    for (let i = 0; i < scores; i++) {
      sum += contributionsOf(model, vectors[i % vectors.length]!, traits, workings)
      topReasons(model, workings, 3, reasons)
    }
    const { user, system } = process.cpuUsage(begun)
    return (1000 * (user + system)) / scores
  }
  run(SCORES / 10)
  const terms = inputs.reduce((total, { coefficients }) => total + coefficients.length, 0)
  process.stdout.write(
    `${name}: ${terms} terms, ${Math.round(run(SCORES))} ns of CPU a score (${Number.isFinite(sum)})\n`,
  )
}

process.stdout.write(`${machine()}\n`)
measure('built-in features', ramps, [])
measure(
  'built-in features and traits',
  [...ramps, ...levels],
  levels.map(({ feature }, i) => ({ name: feature.slice('traits.'.length), value: `level-${i}`, at: 0 })),
)
