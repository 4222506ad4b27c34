import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiServer } from '../../api/server.ts'
import { openApi } from '../../bin/api.ts'
import { PRIORS } from '../../models/model-catalogue.ts'
import { readConfig } from '../../runtime/config.ts'
import type { ScoreSample } from '../../schemas/avro/score-sample.ts'
import type { ModelAlert, ModelWatch } from '../../schemas/model-watch.ts'
import { versionKey } from '../../schemas/served-model.ts'
import { readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { type Leads, leads, learnFrom } from './support/leads.ts'
import { waitFor } from './support/wait-for.ts'
import { type RunningWorker, startWorker } from './support/workers.ts'

const COMMAND = fileURLToPath(new URL('../../bin/everscore.ts', import.meta.url))
const SHADOW = 'lead-shadow'
const DAY_MINUTES = 1_440

let installation: Installation
let worker: RunningWorker
let trainer: ChildProcess
let api: ApiServer

function startTrainer(): ChildProcess {
  const env = { ...process.env, ...installation.env, TRAIN_EVERY_EXAMPLES: '2000', WATCH_EVERY_MS: '300' }
  return spawn(process.execPath, [COMMAND, 'trainer'], { env, stdio: ['ignore', 'inherit', 'ignore'] })
}

beforeAll(async () => {
  // Calibration is left out: that of the prior scorecard would ask for a training by itself.
  const watch = { sampleEvery: 1, leastCustomers: 100, calibration: 1 }
  installation = await makeInstallation({ settings: { shop: { clock: 'event', watch } }, clock: 'event' })
  worker = await startWorker(installation)
  trainer = startTrainer()
  api = await openApi(readConfig({ ...installation.env, PORT: '0' }), () => {})
})

afterAll(async () => {
  trainer.kill('SIGTERM')
  await once(trainer, 'exit')
  await api.close()
  await worker.worker.stop()
  await installation.close()
})

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${api.url}${path}`, { ...init, headers: { 'x-tenant-id': 'shop', 'content-type': 'application/json' } })

interface LeadAnswer {
  readonly modelVersion: string
  readonly watch: ModelWatch | null
  readonly decisions: readonly { readonly version: string; readonly cause: string }[]
}

async function lead(): Promise<LeadAnswer> {
  const { models } = (await (await ask('/v1/models')).json()) as { models: LeadAnswer[] }
  return models[0]!
}

const alerts = async (): Promise<ModelAlert[]> =>
  (await installation.read('alerts')).map(({ value }) => JSON.parse(value!.toString()) as ModelAlert)

/** Leads such as the model has never seen: larger budgets, from another source. */
function others(from: number, count: number): Leads {
  const { profiles, outcomes } = leads(from, count)
  for (const { topic, event } of profiles) {
    if (topic === 'profiles') event.traits = { budget: 200 + Number(event.traits['budget']), source: 'partner' }
  }
  return { profiles, outcomes }
}

test('a shadow is compared and never served; a stream as before raises nothing, one that drifts raises, and retrains', {
  timeout: 180_000,
}, async () => {
  await learnFrom(installation, leads(0, 1_000))
  expect((await ask('/v1/models/lead/train', { method: 'POST', body: '{}' })).status).toBe(202)
  await waitFor('a model to serve', async () => (await lead()).modelVersion !== PRIORS.lead.version)
  const { modelVersion } = await lead()

  const topic = installation.topic('models')
  const shadow = { ...PRIORS.lead, version: SHADOW, intercept: PRIORS.lead.intercept + 1 }
  const key = Buffer.from(versionKey('shop', 'lead', SHADOW))
  await installation.produce([{ topic, key, value: Buffer.from(JSON.stringify(shadow)), timestamp: 0, partition: 0 }])
  const body = JSON.stringify({ version: SHADOW })
  await waitFor('the shadow to be taken', async () => {
    return (await ask('/v1/models/lead/shadow', { method: 'PUT', body })).status === 202
  })
  const probe = leads(10 * DAY_MINUTES, 1).profiles[0]!
  for (let i = 0; ; i++) {
    // Workers follow the topic by themselves: until they do, samples have no shadow.
    await installation.sink.write([{ ...probe, event: { ...probe.event, eventId: `probe-${i}` } } as typeof probe])
    const samples = await readSamples()
    if (samples.some((sample) => sample.lead.shadowVersion === SHADOW)) break
  }

  await learnFrom(installation, leads(20 * DAY_MINUTES, 350))
  await waitFor('all of it to be watched', async () => {
    const { watch } = await lead()
    return watch?.modelVersion === modelVersion && watch.customers >= 351 && watch.samples >= 701
  })
  const calm = (await lead()).watch!
  expect(calm.reference).toBe('scored')
  expect(calm.alerts).toEqual([])
  expect((await alerts()).filter((alert) => alert.modelVersion === modelVersion)).toEqual([])

  const both = (await readSamples()).filter(
    (sample) => sample.lead.shadowVersion === SHADOW && sample.lead.modelVersion === modelVersion,
  )
  const differences = both.map((sample) => Math.abs(sample.lead.shadowProbability! - sample.lead.probability))
  await waitFor('all pairs to be compared', async () => (await lead()).watch!.shadow!.samples === both.length)
  const compared = (await lead()).watch!.shadow!
  expect(both.length).toBeGreaterThan(600)
  expect(compared.version).toBe(SHADOW)
  expect(compared.meanAbsoluteDifference).toBeCloseTo(differences.reduce((a, b) => a + b, 0) / both.length, 10)
  const versions = new Set((await readCustomers(installation)).map(({ customer }) => customer!.lead.modelVersion))
  expect(versions).toEqual(new Set([PRIORS.lead.version, modelVersion]))

  // A trainer that begins anew knows what is raised already.
  await learnFrom(installation, others(30 * DAY_MINUTES, 300))
  const drifted = (): Promise<boolean> =>
    lead().then(({ watch }) => {
      const names = watch!.alerts.map(({ name }) => name)
      return names.includes('drift:traits.budget') && names.includes('drift:traits.source')
    })
  await waitFor('the drift to be told', drifted)
  const raised = (await alerts()).filter(({ name }) => name === 'drift:traits.source')
  expect(raised).toMatchObject([{ state: 'raised', tenantId: 'shop', kind: 'lead', modelVersion }])
  expect(raised[0]!.value).toBeGreaterThan(raised[0]!.limit)
  const metrics = await (await ask('/metrics')).text()
  expect(metrics).toContain('everscore_model_alert{tenant="shop",kind="lead",alert="drift:traits.source"} 1')

  await waitFor('a training because of it', async () => (await lead()).decisions.some(({ cause }) => cause === 'drift'))
  const [decision] = (await lead()).decisions
  expect(decision!.cause).toBe('drift')
})

async function readSamples(): Promise<ScoreSample[]> {
  const codec = installation.codec<ScoreSample>('score-samples')
  return await Promise.all(
    (await installation.read('score-samples')).map(({ value }) => codec.decodeLoading(value!) as Promise<ScoreSample>),
  )
}
