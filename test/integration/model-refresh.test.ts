import { afterEach, beforeEach, expect, test } from 'vitest'
import { PRIORS } from '../../models/model-catalogue.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { type ServedModel, servedKey, versionKey } from '../../schemas/served-model.ts'
import { parseWorkerReport } from '../../schemas/worker-report.ts'
import { interaction, MINUTE, NOON } from '../processors/build-event.ts'
import { expectViewEqualsLog, readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import {
  type RunningWorker,
  startWorker,
  startWorkerProcess,
  untilConfirmed,
  untilProcessed,
} from './support/workers.ts'

const CUSTOMERS = 400
const VERSION = 'lead-next'

let installation: Installation
let running: RunningWorker | null = null

beforeEach(async () => {
  installation = await makeInstallation({ settings: { shop: { clock: 'event' } }, clock: 'event' })
})

afterEach(async () => {
  await running?.worker.stop()
  running = null
  await installation.close()
})

const visit = (customer: number, minute: number): InputEvent => ({
  topic: 'interactions',
  event: interaction({
    eventId: `e-${customer}-${minute}`,
    customerId: `c-${customer}`,
    occurredAt: NOON + minute * MINUTE,
  }),
})

async function serve(): Promise<void> {
  const model = { ...PRIORS.lead, version: VERSION, intercept: PRIORS.lead.intercept + 0.5 }
  const served: ServedModel = { serving: VERSION, consideredUntil: 0, decisions: [] }
  for (const [key, value] of [
    [versionKey('shop', 'lead', VERSION), model],
    [servedKey('shop', 'lead'), served],
  ] as const) {
    const topic = installation.topic('models')
    await installation.produce([
      { topic, key: Buffer.from(key), value: Buffer.from(JSON.stringify(value)), timestamp: 0, partition: 0 },
    ])
  }
}

const refreshed = async () => (await readCustomers(installation)).filter(({ customer }) => customer!.cause === 'model')

/** @param notBy a worker whose last report stays behind */
async function reportedProgress(notBy = ''): Promise<{ workerId: string; looked: number; of: number }> {
  const reports = (await installation.redis.hvals(installation.keys.workers))
    .map(parseWorkerReport)
    .filter((report) => report!.workerId !== notBy)
  const all = reports.flatMap((report) => report!.tasks.flatMap(({ refreshes }) => refreshes ?? []))
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
  return {
    workerId: reports[0]?.workerId ?? '',
    looked: sum(all.map(({ looked }) => looked)),
    of: sum(all.map((each) => each.of ?? 0)),
  }
}

test('stored scores follow a new model slowly, events pass them, and a worker that dies doubles none', {
  timeout: 120_000,
}, async () => {
  await installation.sink.write(Array.from({ length: CUSTOMERS }, (_, i) => visit(i, 0)))
  const victim = startWorkerProcess(installation, { REFRESH_PER_SECOND: '20', SESSION_TIMEOUT_MS: '1500' })
  await untilProcessed(installation)
  await serve()
  await waitFor('the refresh to be under way', async () => (await refreshed()).length > 5)

  // Live events are scored while most stored scores still wait.
  await installation.sink.write(Array.from({ length: 100 }, (_, i) => visit(i, 1)))
  await untilProcessed(installation)
  expect((await refreshed()).length).toBeLessThan(CUSTOMERS / 2)
  await waitFor('the report of the progress', async () => {
    const { looked, of } = await reportedProgress()
    return looked > 0 && of > looked
  })
  const { workerId } = await reportedProgress()
  await victim.kill('SIGKILL')
  const before = await refreshed()
  expect(before.length).toBeLessThan(CUSTOMERS)

  running = await startWorker(installation)
  await waitFor('every stored score to be of the new model', async () => {
    const newest = new Map((await readCustomers(installation)).map(({ key, customer }) => [key, customer!]))
    return newest.size === CUSTOMERS && [...newest.values()].every(({ lead }) => lead.modelVersion === VERSION)
  })
  await untilConfirmed(installation)
  const after = await refreshed()
  expect(after.length).toBeGreaterThan(before.length)
  const ids = after.map(({ customer }) => customer!.eventId)
  expect(new Set(ids).size).toBe(ids.length)
  // Once for each customer at most: those whose event came by the new model need none.
  expect(new Set(after.map(({ key }) => key)).size).toBe(after.length)
  const byEvent = (await readCustomers(installation)).filter(({ customer }) => customer!.cause === 'event')
  expect(byEvent).toHaveLength(CUSTOMERS + 100)
  await expectViewEqualsLog(installation)
  await waitFor('the report that nothing is left', async () => (await reportedProgress(workerId)).of === 0)
})
