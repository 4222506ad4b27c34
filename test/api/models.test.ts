import { beforeEach, expect, test } from 'vitest'
import type { App } from '../../api/app.ts'
import { ModelCatalogue, PRIORS } from '../../models/model-catalogue.ts'
import type { ModelWatch } from '../../schemas/model-watch.ts'
import { parseModelPin, pinKey, servedKey, versionKey } from '../../schemas/served-model.ts'
import type { TrainingRequest } from '../../schemas/training-request.ts'
import { createMemoryView } from './memory-view.ts'
import { runningWorker, type ServingView } from './serving-view.ts'
import { NOW, PARTITIONS, scored, settle, store, testApi } from './test-api.ts'

const SERVED = { serving: 'lead-1', consideredUntil: 0, decisions: [] }

let app: App
let catalogue: ModelCatalogue
let requests: Map<string, TrainingRequest>
let watches: Map<string, ModelWatch>
let view: ServingView
let offset = 0

/** Publishes straight into what the API follows. */
beforeEach(async () => {
  catalogue = new ModelCatalogue()
  requests = new Map()
  watches = new Map()
  view = createMemoryView()
  await settle(view)
  await store(view, scored('ada'))
  app = await testApi(view, {
    models: {
      catalogue,
      requests,
      watches,
      publish: async (topic, key, value) => {
        if (topic === 'models') catalogue.apply(key, value, offset++)
        else requests.set(key, value as TrainingRequest)
      },
    },
  })
  for (const version of ['lead-1', 'lead-2']) {
    catalogue.apply(versionKey('default', 'lead', version), { ...PRIORS.lead, version }, offset++)
  }
  catalogue.apply(servedKey('default', 'lead'), SERVED, offset++)
})

const leadOf = async () => (await app.inject('/v1/models')).json().models[0]

test('a version is pinned, rolled back to, and let go', async () => {
  expect(await leadOf()).toMatchObject({ kind: 'lead', modelVersion: 'lead-1', pin: null })
  const pin = await app.inject({ method: 'PUT', url: '/v1/models/lead/pin', payload: { version: 'lead-2' } })
  expect(pin.statusCode).toBe(202)
  expect(parseModelPin(pin.json())).toEqual({ version: 'lead-2', at: NOW })
  expect(await leadOf()).toMatchObject({ modelVersion: 'lead-2', pin: { version: 'lead-2' } })
  await app.inject({ method: 'PUT', url: '/v1/models/lead/pin', payload: { version: null } })
  expect((await leadOf()).modelVersion).toBe(PRIORS.lead.version)
  expect((await app.inject({ method: 'DELETE', url: '/v1/models/lead/pin' })).statusCode).toBe(204)
  expect(await leadOf()).toMatchObject({ modelVersion: 'lead-1', pin: null })
  const unknown = await app.inject({ method: 'PUT', url: '/v1/models/lead/pin', payload: { version: 'lead-9' } })
  expect(unknown.statusCode).toBe(404)
  expect(unknown.json().error.details.field).toBe('version')
  expect(catalogue.pin('other', 'lead')).toBeNull()
  expect(pinKey('default', 'lead')).toBe('default/lead/pin')
})

test('a training that is asked for can be followed', async () => {
  expect((await app.inject('/v1/models/churn/train')).statusCode).toBe(404)
  const asked = await app.inject({ method: 'POST', url: '/v1/models/churn/train' })
  expect(asked.statusCode).toBe(202)
  expect((await app.inject('/v1/models/churn/train')).json()).toEqual(asked.json())
  expect(asked.json().state).toBe('requested')
  expect((await app.inject({ method: 'POST', url: '/v1/models/mood/train' })).statusCode).toBe(400)
})

test('an explanation adds up to the score, in words, with acts that help', async () => {
  const { lead, churn } = (await app.inject('/v1/customers/ada/explain?lang=es')).json()
  const stored = scored('ada')
  for (const [explained, probability] of [
    [lead, stored.lead.probability],
    [churn, stored.churn.risk],
  ]) {
    const sum = explained.contributions.reduce(
      (total: number, each: { contribution: number }) => total + each.contribution,
      0,
    )
    expect(explained.baseline + sum).toBeCloseTo(explained.logOdds, 12)
    expect(explained.probability).toBeCloseTo(probability, 12)
    expect(explained.isStored).toBe(true)
    for (const { text } of explained.contributions) expect(text).toMatch(/: .+, (sube|baja|aumenta|reduce)/)
  }
  expect(lead.acts[0].gain).toBeGreaterThan(0)
  expect(lead.acts[0].probability - lead.probability).toBeCloseTo(lead.acts[0].gain, 12)
})

test('a version becomes a shadow and stops being one, of one kind and tenant', async () => {
  expect((await app.inject('/v1/models/lead/shadow')).statusCode).toBe(404)
  const put = await app.inject({ method: 'PUT', url: '/v1/models/lead/shadow', payload: { version: 'lead-2' } })
  expect(put.statusCode).toBe(202)
  expect((await app.inject('/v1/models/lead/shadow')).json()).toEqual({ version: 'lead-2', at: NOW })
  // It serves nobody, and is scored by those who score.
  expect(await leadOf()).toMatchObject({ modelVersion: 'lead-1', shadow: { version: 'lead-2' } })
  expect(catalogue.models('default').shadows?.lead?.version).toBe('lead-2')
  expect(catalogue.models('default').shadows?.churn).toBeUndefined()
  expect(catalogue.models('other').shadows).toEqual({})
  expect((await app.inject({ method: 'DELETE', url: '/v1/models/lead/shadow' })).statusCode).toBe(204)
  expect((await leadOf()).shadow).toBeNull()
  expect(catalogue.models('default').shadows).toEqual({})
  const unknown = await app.inject({ method: 'PUT', url: '/v1/models/lead/shadow', payload: { version: 'lead-9' } })
  expect(unknown.statusCode).toBe(404)
  expect(unknown.json().error.details.field).toBe('version')
})

test('what is seen of a model is told, also as metrics, and how far its stored scores are', async () => {
  const watch: ModelWatch = {
    modelVersion: 'lead-1',
    at: NOW,
    samples: 600,
    customers: 520,
    reference: 'scored',
    drift: [{ name: 'traits.plan', psi: 0.4, missing: 0.1, missingInReference: 0 }],
    calibration: { examples: 200, meanProbability: 0.3, rate: 0.2, brier: 0.1, calibrationError: 0.09 },
    latency: { samples: 30, p50Ms: 10, p95Ms: 20, p99Ms: 30 },
    shadow: null,
    alerts: [{ name: 'drift:traits.plan', value: 0.4, limit: 0.2, since: NOW }],
  }
  watches.set('default/lead', watch)
  const { tasks, ...report } = runningWorker(PARTITIONS, NOW)
  const [first, ...others] = tasks
  const refreshes = [
    { tenantId: 'default', looked: 40, of: 100 },
    { tenantId: 'other', looked: 1, of: 2 },
  ]
  await view.report('w-1', { ...report, tasks: [{ ...first!, refreshes }, ...others] })
  const { models, refresh } = (await app.inject('/v1/models')).json()
  expect(models[0].watch).toEqual(watch)
  expect(models[1].watch).toBeNull()
  expect(refresh).toEqual({ partitions: 1, looked: 40, of: 100 })
  const { body } = await app.inject('/metrics')
  expect(body).toContain('everscore_model_alert{tenant="default",kind="lead",alert="drift:traits.plan"} 1')
  expect(body).toContain('everscore_model_psi{tenant="default",kind="lead",feature="traits.plan"} 0.4')
  expect(body).toContain('everscore_model_calibration_error{tenant="default",kind="lead"} 0.09')
})
