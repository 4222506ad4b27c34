import { FEATURE_COUNT, FEATURES } from '../models/features.ts'
import { type CompiledModel, compileModel, type Models } from '../models/linear-model.ts'
import { PRIORS } from '../models/model-catalogue.ts'
import { contributionsOf, createWorkings, topReasons } from '../models/score.ts'
import { createEventContext } from '../processors/event-context.ts'
import type { CustomerState, Trait } from '../schemas/customer-state.ts'
import type { InputEvent } from '../schemas/events.ts'
import { type ModelInput, type ModelKind, TRAIT_PREFIX } from '../schemas/model.ts'
import { cloneState, newCustomerState } from '../schemas/new-state.ts'
import { customerKey } from '../schemas/partition.ts'
import { createScoring } from '../topology/scoring.ts'
import { normal, seededRandom } from '../training/random.ts'
import { load } from './generator.ts'

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

const modelOf = (kind: ModelKind, inputs: readonly ModelInput[]): CompiledModel =>
  compileModel({ name: kind, kind, version: `${kind}-bench`, intercept: 0, inputs })
const termsOf = (inputs: readonly ModelInput[]): number =>
  inputs.reduce((total, { coefficients }) => total + coefficients.length, 0)
const cpuMicros = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return user + system
}

export interface ScoringCost {
  /** Of one score with three reasons; after a run to warm up. */
  readonly scores: readonly { readonly terms: number; readonly nanos: number }[]
  /** Of an event in the whole pipeline, both models scored, reasons found and the next timer planned. */
  readonly events: readonly { readonly models: string; readonly micros: number }[]
}

/** CPU of scoring: the built-in features on eight ramps each (240 terms), with and without ten traits of twenty levels. */
export function measureScoring(scores: number, events: number): ScoringCost {
  const traits = levels.map(({ feature }, i) => ({
    name: feature.slice(TRAIT_PREFIX.length),
    value: `level-${i}`,
    at: 0,
  }))
  const learned = { lead: modelOf('lead', ramps), churn: modelOf('churn', ramps) }
  const priors = { lead: compileModel(PRIORS.lead), churn: compileModel(PRIORS.churn) }
  const log = [...load({ seed: 1, events, customers: 1_000, until: Date.UTC(2026, 0, 1) })]
  return {
    scores: [measureScore(scores, ramps, []), measureScore(scores, [...ramps, ...levels], traits)],
    events: [
      { models: 'prior scorecards', micros: measureEvents(priors, log) },
      { models: `learned, ${termsOf(ramps)} terms each`, micros: measureEvents(learned, log) },
    ],
  }
}

function measureScore(scores: number, inputs: readonly ModelInput[], traits: readonly Trait[]) {
  const model = modelOf('lead', inputs)
  const vectors = numbers(1000, () => 0).map(() => Float64Array.from({ length: FEATURE_COUNT }, () => 3 * random()))
  const workings = createWorkings()
  const reasons = topReasons(model, workings, 0)
  const run = (count: number): number => {
    const begun = process.cpuUsage()
    for (let i = 0; i < count; i++) {
      contributionsOf(model, vectors[i % vectors.length]!, traits, workings)
      topReasons(model, workings, 3, reasons)
    }
    return Math.round((1000 * cpuMicros(begun)) / count)
  }
  run(scores / 10)
  return { terms: termsOf(inputs), nanos: run(scores) }
}

/** The second of two runs over the same events, each from nothing. */
function measureEvents(models: Models, events: readonly InputEvent[]): number {
  const run = (): number => {
    const scoring = createScoring()
    const context = createEventContext()
    context.models = models
    context.now = Date.UTC(2026, 0, 2)
    const states = new Map<string, CustomerState>()
    const begun = process.cpuUsage()
    for (const input of events) {
      const key = customerKey(input.event.tenantId, input.event.customerId)
      const known = states.get(key)
      context.input = input
      context.tenantId = input.event.tenantId
      context.customerId = input.event.customerId
      context.draft = known === undefined ? newCustomerState() : cloneState(known)
      if (scoring.process(context).kind === 'forward') states.set(key, context.draft)
    }
    return Number((cpuMicros(begun) / events.length).toFixed(1))
  }
  run()
  return run()
}
