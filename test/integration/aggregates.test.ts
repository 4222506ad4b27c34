import { afterEach, beforeEach, expect, test } from 'vitest'
import { AGGREGATE_SETTINGS, aggregateEvents } from './support/aggregate-truth.ts'
import { expectAggregates, expectResultsView } from './support/check-aggregates.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { type RunningWorker, startWorker } from './support/workers.ts'

const BOTH = { TASKS: 'customers,aggregates', AGGREGATE_INTERVAL_MS: '20', BATCH_MAX_RECORDS: '40' }

let installation: Installation
let running: RunningWorker[] = []

beforeEach(async () => {
  installation = await makeInstallation({ settings: { shop: AGGREGATE_SETTINGS } })
})

afterEach(async () => {
  for (const { worker } of running) await worker.stop()
  running = []
  await installation.close()
})

async function work(env: Readonly<Record<string, string>> = {}): Promise<RunningWorker> {
  const started = await startWorker(installation, { ...BOTH, ...env })
  running.push(started)
  return started
}

test('windows of NPS and cross-sell are those that brute force counts, and close when nothing comes', async () => {
  const events = aggregateEvents(1, 1_500)
  const worker = await work()
  await installation.sink.write(events)
  await expectAggregates(installation, events)
  await expectResultsView(installation)
  expect(worker.worker.counters.abortedBatches).toBe(0)
  expect(await installation.read('dead-letters')).toEqual([])
})
