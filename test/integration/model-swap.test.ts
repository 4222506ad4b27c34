import { afterEach, beforeEach, expect, test } from 'vitest'
import { load } from '../../bench/generator.ts'
import { computeFeatures } from '../../models/compute-features.ts'
import { FEATURE_COUNT, FEATURES } from '../../models/features.ts'
import { compileModel } from '../../models/linear-model.ts'
import { PRIORS } from '../../models/model-catalogue.ts'
import { scoreModel } from '../../models/score.ts'
import type { InputEvent } from '../../schemas/events.ts'
import type { LinearModel } from '../../schemas/model.ts'
import { customerKey } from '../../schemas/partition.ts'
import { pinKey, type ServedModel, servedKey, versionKey } from '../../schemas/served-model.ts'
import { decodeState } from '../../schemas/state-codec.ts'
import { trainModel } from '../../training/train-model.ts'
import { expectViewEqualsLog, readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import { type RunningWorker, startWorker, untilConfirmed, untilProcessed } from './support/workers.ts'

const UNTIL = Date.UTC(2026, 0, 1)
const PLANS = ['free', 'pro', 'team']

/** A model that looks at a trait and at a built-in feature in pieces. */
function learned(version: string, weight: number): LinearModel {
  const sessions = FEATURES.findIndex(({ name }) => name === 'sessions')
  const examples = Array.from({ length: 900 }, (_, i) => {
    const features = new Float64Array(FEATURE_COUNT)
    features[sessions] = (i * 7) % 5
    const plan = PLANS[i % 3]!
    const label = (i * 31) % 100 < 20 + weight * ((i * 7) % 5) + (plan === 'pro' ? 30 : 0) ? 1 : 0
    const traits = [{ name: 'plan', value: plan, at: 0 }]
    return { customer: `shop/${i}`, at: i, knownAt: i, label: label as 0 | 1, features, traits }
  })
  return trainModel(examples, { name: 'lead', kind: 'lead', version })
}

const MODELS = new Map([PRIORS.lead, learned('lead-a', 8), learned('lead-b', -4)].map((each) => [each.version, each]))
const COMPILED = new Map([...MODELS].map(([version, model]) => [version, compileModel(model)]))

let installation: Installation
let running: RunningWorker[] = []

beforeEach(async () => {
  installation = await makeInstallation()
})

afterEach(async () => {
  for (const { worker } of running) await worker.stop()
  running = []
  await installation.close()
})

async function work(): Promise<void> {
  running.push(await startWorker(installation, { BATCH_MAX_RECORDS: '20' }))
}

async function publish(key: string, value: object): Promise<void> {
  const topic = installation.topic('models')
  const record = { topic, key: Buffer.from(key), value: Buffer.from(JSON.stringify(value)), timestamp: 0, partition: 0 }
  await installation.produce([record])
}

const serve = async (tenantId: string, version: string): Promise<void> => {
  const served: ServedModel = { serving: version, consideredUntil: 0, decisions: [] }
  await publish(versionKey(tenantId, 'lead', version), MODELS.get(version)!)
  await publish(servedKey(tenantId, 'lead'), served)
}

/** Interactions, and a trait of each customer before them. */
function someEvents(seed: number): InputEvent[] {
  const events = [...load({ seed, events: 2_500, customers: 200, until: UNTIL })].filter(
    ({ topic }) => topic === 'interactions',
  )
  const customers = new Map(events.map(({ event }) => [customerKey(event.tenantId, event.customerId), event]))
  const profiles = [...customers.values()].map(
    ({ tenantId, customerId }, i): InputEvent => ({
      topic: 'profiles',
      event: {
        eventId: `profile-${i}`,
        tenantId,
        customerId,
        occurredAt: UNTIL - 900 * 86_400_000,
        traits: { plan: PLANS[i % 3]! },
      },
    }),
  )
  return [...profiles, ...events]
}

/** Versions in the view, by tenant. */
async function shownVersions(tenantId: string): Promise<Set<string>> {
  const newest = new Map((await readCustomers(installation)).map(({ key, customer }) => [key, customer!]))
  const mine = [...newest.values()].filter((customer) => customer.tenantId === tenantId)
  return new Set(mine.map(({ lead }) => lead.modelVersion))
}

const allShow = (tenantId: string, version: string): Promise<void> =>
  waitFor(`all of ${tenantId} to be scored by ${version}`, async () => {
    const shown = await shownVersions(tenantId)
    return shown.size === 1 && shown.has(version)
  })

test('a model takes over under load: no score is a mix, stored ones follow, pinning and rolling back work', {
  timeout: 120_000,
}, async () => {
  const events = someEvents(61)
  const [acme, other] = [...new Set(events.map(({ event }) => event.tenantId))].sort() as [string, string]
  await installation.sink.write(events.slice(0, 900))
  await work()
  await untilProcessed(installation)
  const soFar = (await installation.read('customers')).length
  await installation.sink.write(events.slice(900))
  await waitFor(
    'the worker to be in the middle',
    async () => (await installation.read('customers')).length > soFar + 50,
  )
  await serve(acme, 'lead-a')
  await untilProcessed(installation)
  await allShow(acme, 'lead-a')
  expect(await shownVersions(other)).toEqual(new Set([PRIORS.lead.version]))

  // What all tenants have serves those who have nothing of their own.
  await serve('*', 'lead-b')
  await allShow(other, 'lead-b')
  expect(await shownVersions(acme)).toEqual(new Set(['lead-a']))

  await publish(pinKey(acme, 'lead'), { version: null, at: 1 })
  await allShow(acme, PRIORS.lead.version)
  // The trainer's choice doesn't touch a pin, and is back when the pin is gone.
  await serve(acme, 'lead-b')
  await untilConfirmed(installation)
  expect(await shownVersions(acme)).toEqual(new Set([PRIORS.lead.version]))
  await publish(pinKey(acme, 'lead'), { version: 'lead-a', at: 2 })
  await allShow(acme, 'lead-a')

  // A worker that comes later reads all this before it scores.
  await running.pop()!.worker.stop()
  await work()
  await untilConfirmed(installation)

  const records = await readCustomers(installation)
  const features = new Float64Array(FEATURE_COUNT)
  let compared = 0
  for (const { customer } of records) {
    const { lead, state, asOf } = customer!
    if (state.length === 0) continue
    const { traits } = decodeState(state)
    computeFeatures(decodeState(state), asOf, features)
    expect(lead.probability).toBe(scoreModel(COMPILED.get(lead.modelVersion)!, features, traits))
    compared++
  }
  expect(compared).toBeGreaterThan(800)
  const byEvent = records.filter(({ customer }) => customer!.cause === 'event')
  expect(byEvent.map(({ customer }) => customer!.eventId).sort()).toEqual(
    events.map(({ event }) => event.eventId).sort(),
  )
  expect(new Set(byEvent.map(({ customer }) => customer!.lead.modelVersion))).toEqual(
    new Set([PRIORS.lead.version, 'lead-a']),
  )
  expect(new Set(records.map(({ customer }) => customer!.cause))).toEqual(new Set(['event', 'timer', 'model']))
  const ids = records.map(({ key, customer }) => `${key} ${customer!.eventId}`)
  expect(new Set(ids).size).toBe(ids.length)
  await expectViewEqualsLog(installation)
})

test('a version that does not compile here changes nothing and is told of', async () => {
  const events = someEvents(62).slice(0, 300)
  const tenantId = events[0]!.event.tenantId
  await work()
  const strange = MODELS.get('lead-a')!
  const input = { ...strange.inputs[0]!, feature: 'no_such_feature' }
  await publish(versionKey(tenantId, 'lead', 'lead-x'), { ...strange, version: 'lead-x', inputs: [input] })
  const served: ServedModel = { serving: 'lead-x', consideredUntil: 0, decisions: [] }
  await publish(servedKey(tenantId, 'lead'), served)
  await waitFor('the refusal', () => running[0]!.log.some(({ message }) => message.includes('no_such_feature')))
  await installation.sink.write(events)
  await untilProcessed(installation)
  expect(await shownVersions(tenantId)).toEqual(new Set([PRIORS.lead.version]))
  expect(running[0]!.log.some(({ message }) => message.includes("version lead-x isn't known"))).toBe(true)
})
