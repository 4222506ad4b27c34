import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiServer } from '../../api/server.ts'
import { openApi } from '../../bin/api.ts'
import { PRIORS } from '../../models/model-catalogue.ts'
import { readConfig } from '../../runtime/config.ts'
import { expectViewEqualsLog, readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { leads, learnFrom } from './support/leads.ts'
import { waitFor } from './support/wait-for.ts'
import { type RunningWorker, startWorker, untilConfirmed } from './support/workers.ts'

const COMMAND = fileURLToPath(new URL('../../bin/everscore.ts', import.meta.url))

let installation: Installation
let worker: RunningWorker
let trainer: ChildProcess
let api: ApiServer

beforeAll(async () => {
  installation = await makeInstallation({ settings: { shop: { clock: 'event' } }, clock: 'event' })
  worker = await startWorker(installation)
  const env = { ...process.env, ...installation.env, TRAIN_EVERY_EXAMPLES: '1000000' }
  trainer = spawn(process.execPath, [COMMAND, 'trainer'], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  api = await openApi(readConfig({ ...installation.env, PORT: '0' }), () => {})
})

afterAll(async () => {
  trainer.kill('SIGTERM')
  await once(trainer, 'exit')
  await api.close()
  await worker.worker.stop()
  await installation.close()
})

/** What the tests look at of the answers. */
interface Answer {
  readonly models: readonly LeadAnswer[]
  readonly requestId: string
  readonly state: string
  readonly version: string
  readonly progress: number
  readonly lead: { readonly modelVersion: string }
}

interface LeadAnswer {
  readonly modelVersion: string
  readonly pin: object | null
  readonly decisions: readonly { readonly version: string }[]
  readonly versions: readonly { readonly version: string; readonly metrics: { readonly auc: number } }[]
}

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { 'x-tenant-id': 'shop', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}

const lead = async (): Promise<LeadAnswer> => (await call('GET', '/v1/models')).body.models[0]!

/** Asks for a training and waits for its end. */
async function train(): Promise<Answer> {
  const { status, body: asked } = await call('POST', '/v1/models/lead/train')
  expect(status).toBe(202)
  let last = asked
  await waitFor('the training to end', async () => {
    last = (await call('GET', '/v1/models/lead/train')).body
    return last.requestId === asked.requestId && /promoted|refused/.test(last.state)
  })
  return last
}

/** Until every customer of the log is scored by a version, as newest. */
const allShow = (version: string): Promise<void> =>
  waitFor(`all to be scored by ${version}`, async () => {
    const newest = new Map((await readCustomers(installation)).map(({ key, customer }) => [key, customer!]))
    return [...newest.values()].every((customer) => customer.lead.modelVersion === version)
  })

test('a training is asked for, its model serves, is pinned away from, rolled back to and let go, over HTTP and Kafka', {
  timeout: 120_000,
}, async () => {
  await learnFrom(installation, leads(0, 800))
  expect((await lead()).modelVersion).toBe(PRIORS.lead.version)
  const first = await train()
  expect(first).toMatchObject({ state: 'promoted', progress: 1 })
  await waitFor('the API to know', async () => (await lead()).modelVersion === first.version)
  const told = await lead()
  expect(told.decisions[0]).toMatchObject({ version: first.version, cause: 'request', promoted: true, champion: null })
  expect(told.versions.map(({ version }) => version)).toEqual([first.version])
  expect(told.versions[0]!.metrics.auc).toBeGreaterThan(0.6)
  await allShow(first.version)

  // The prior by pin, though a training ends meanwhile.
  expect((await call('PUT', '/v1/models/lead/pin', { version: null })).status).toBe(202)
  await allShow(PRIORS.lead.version)
  const second = await train()
  await waitFor('the API to know', async () => (await lead()).decisions.length === 2)
  expect((await lead()).decisions[0]!.version).toBe(second.version)
  expect((await lead()).modelVersion).toBe(PRIORS.lead.version)
  // A roll-back is a pin to a version of before.
  expect((await call('PUT', '/v1/models/lead/pin', { version: first.version })).status).toBe(202)
  await allShow(first.version)
  expect((await call('DELETE', '/v1/models/lead/pin')).status).toBe(204)
  const serving = second.state === 'promoted' ? second.version : first.version
  await waitFor('the choice of the trainer', async () => {
    const { pin, modelVersion } = await lead()
    return pin === null && modelVersion === serving
  })
  await allShow(serving)
  const explained = await call('GET', '/v1/customers/lead-3/explain')
  expect(explained.body.lead.modelVersion).toBe(serving)
  await untilConfirmed(installation)
  await expectViewEqualsLog(installation)
})
