import { expect, test } from 'vitest'
import { load } from '../../bench/generator.ts'
import { computeFeatures } from '../../models/compute-features.ts'
import { FEATURE_COUNT, FEATURES } from '../../models/features.ts'
import { compileModel } from '../../models/linear-model.ts'
import { PRIORS } from '../../models/model-catalogue.ts'
import { scoreModel } from '../../models/score.ts'
import type { Customer } from '../../schemas/avro/customer.ts'
import type { ScoreSample } from '../../schemas/avro/score-sample.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { decodeState } from '../../schemas/state-codec.ts'
import { createDriver } from '../driver.ts'

const UNTIL = Date.UTC(2026, 0, 1)
const EVENTS = [...load({ seed: 71, events: 4_000, customers: 300, until: UNTIL })]
const models = { lead: compileModel(PRIORS.lead), churn: compileModel(PRIORS.churn) }
const shadow = compileModel({ ...PRIORS.lead, version: 'lead-shadow', intercept: PRIORS.lead.intercept + 1 })

function run(sampleEvery: number, withShadow: boolean): { customers: Customer[]; samples: ScoreSample[] } {
  const driver = createDriver({
    now: UNTIL,
    settings: parseSettings({ watch: { sampleEvery } }),
    models: withShadow ? { ...models, shadows: { lead: shadow } } : models,
  })
  for (const { topic, event } of EVENTS) driver.pipe(topic, event)
  return { customers: driver.read('customers'), samples: driver.read('score-samples') }
}

test('a sample is what the models saw and said, and its shadow scored the same', () => {
  const { customers, samples } = run(4, true)
  const byEvent = new Map(customers.filter(({ cause }) => cause === 'event').map((each) => [each.eventId, each]))
  const features = new Float64Array(FEATURE_COUNT)
  for (const sample of samples) {
    const { lead, churn, state, asOf } = byEvent.get(sample.eventId)!
    const { traits } = decodeState(state)
    computeFeatures(decodeState(state), asOf, features)
    expect(sample.at).toBe(asOf)
    expect(FEATURES.map(({ name }) => sample.features[name])).toEqual([...features])
    expect(sample.lead).toEqual({
      modelVersion: lead.modelVersion,
      probability: lead.probability,
      shadowVersion: 'lead-shadow',
      shadowProbability: scoreModel(shadow, features, traits),
    })
    expect(sample.churn).toMatchObject({ probability: churn.risk, shadowVersion: null, shadowProbability: null })
  }
  expect(new Set(samples.map(({ eventId }) => eventId)).size).toBe(samples.length)
  // A quarter of the events, to five standard deviations of a fair draw.
  expect(Math.abs(samples.length - byEvent.size / 4)).toBeLessThan(5 * Math.sqrt((byEvent.size * 3) / 16))
})

test('a shadow changes no score', () => {
  const written = (withShadow: boolean): string[] => run(4, withShadow).customers.map((each) => JSON.stringify(each))
  expect(written(true)).toEqual(written(false))
})

test('which events are sampled depends on them alone; 1 takes all and 0 none', () => {
  expect(run(4, false).samples.map(({ eventId }) => eventId)).toEqual(run(4, true).samples.map((each) => each.eventId))
  const { customers, samples } = run(1, false)
  expect(samples).toHaveLength(customers.filter(({ cause }) => cause === 'event').length)
  expect(run(0, false).samples).toEqual([])
})
