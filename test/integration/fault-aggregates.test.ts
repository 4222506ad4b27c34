import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startStack } from '../../connectors/stack/stack.ts'
import type { Step } from '../../schemas/steps.ts'
import { crashAfter } from '../faults/crash-after.ts'
import type { Fault } from '../faults/proxy/fault-rules.ts'
import { startKafkaProxy } from '../faults/proxy/kafka-proxy.ts'
import { AGGREGATE_SETTINGS, aggregateEvents } from './support/aggregate-truth.ts'
import { expectAggregates, expectPopulation, expectResultsView } from './support/check-aggregates.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import { type RunningWorker, startWorker, startWorkerProcess, untilProcessed } from './support/workers.ts'

// An aggregate task dies after a step (SIGKILL, from within), another takes over: the results are those of all events.
const EVENTS = aggregateEvents(7, 800)
const HALF = 400
const AGGREGATES = { TASKS: 'aggregates', BATCH_MAX_RECORDS: '4', AGGREGATE_INTERVAL_MS: '10' }

const IN_TAKEOVER = { fenced: 2, 'offsets-read': 2, 'view-restored': 2 }
/** The view of results is gone before. */
const IN_REBUILD = { 'view-emptied': 2, 'slice-restored': 2 }
const IN_UNIT = {
  'batch-processed': 4,
  'transaction-begun': 4,
  'records-sent': 4,
  'offsets-sent': 4,
  'transaction-written': 4,
  'transaction-ended': 4,
  'view-written': 5,
}

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

async function work(env: Readonly<Record<string, string>>): Promise<RunningWorker> {
  const started = await startWorker(installation, env)
  running.push(started)
  return started
}

/** Half of the events are counted and shown; of the other half the deltas wait. */
async function countFirst(): Promise<void> {
  const scoring = await work({ TASKS: 'customers', BATCH_MAX_RECORDS: '10' })
  const counting = await work(AGGREGATES)
  await installation.sink.write(EVENTS.slice(0, HALF))
  await expectAggregates(installation, EVENTS.slice(0, HALF))
  await counting.worker.stop()
  await installation.sink.write(EVENTS.slice(HALF))
  await untilProcessed(installation)
  await scoring.worker.stop()
}

async function dieAfter(step: Step, times: number): Promise<void> {
  const env = { ...AGGREGATES, SESSION_TIMEOUT_MS: '1500', ...crashAfter(step, times) }
  const { child, said, kill } = startWorkerProcess(installation, env)
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  try {
    await waitFor(`the worker to die after ${step}`, hasEnded)
    expect([child.exitCode, child.signalCode], said()).toEqual([null, 'SIGKILL'])
  } finally {
    if (!hasEnded()) await kill('SIGKILL')
  }
}

async function expectTheRestOfAnother(): Promise<RunningWorker> {
  const next = await work(AGGREGATES)
  await expectAggregates(installation, EVENTS)
  await expectResultsView(installation)
  await expectPopulation(installation, EVENTS)
  expect(next.worker.counters.aggregates.restoredEntries).toBeGreaterThan(0)
  return next
}

describe('an aggregate task that dies in a unit of work', () => {
  test.each(Object.entries(IN_UNIT) as [Step, number][])('after %s (%i)', async (step, times) => {
    await countFirst()
    await dieAfter(step, times)
    await expectTheRestOfAnother()
  })
})

describe('an aggregate task that dies in a takeover', () => {
  test.each(Object.entries(IN_TAKEOVER) as [Step, number][])('after %s (%i)', async (step, times) => {
    await countFirst()
    await dieAfter(step, times)
    await expectTheRestOfAnother()
  })
})

describe('an aggregate task that dies while it rebuilds a view that Redis lost', () => {
  test.each(Object.entries(IN_REBUILD) as [Step, number][])('after %s (%i)', async (step, times) => {
    await countFirst()
    const { redis, group } = installation
    await redis.unlink(await redis.keys(`${group}:{*`))
    await dieAfter(step, times)
    await expectTheRestOfAnother()
  })
})

test('workers of both kinds that are killed in the middle lose nothing and count nothing twice', async () => {
  const env = { TASKS: 'customers,aggregates', BATCH_MAX_RECORDS: '10', AGGREGATE_INTERVAL_MS: '10' }
  for (let killed = 0; killed < 3; killed++) {
    const { child, kill } = startWorkerProcess(installation, {
      ...env,
      SESSION_TIMEOUT_MS: '1500',
      ...crashAfter('offsets-sent', 12),
    })
    await installation.sink.write(EVENTS.slice(killed * 250, (killed + 1) * 250))
    await waitFor('the worker to die', () => child.signalCode !== null).finally(() => kill('SIGKILL'))
  }
  await installation.sink.write(EVENTS.slice(750))
  await work(env)
  await expectAggregates(installation, EVENTS)
  await expectResultsView(installation)
  await expectPopulation(installation, EVENTS)
})

describe('a broker whose answers an aggregate task does not get', () => {
  test.each([
    ['records that never arrive', 'Produce', 'lose-request'],
    ['a connection that ends after the records were written', 'Produce', 'cut-after'],
    ['a lost answer about offsets', 'TxnOffsetCommit', 'lose-answer'],
    ['a commit that never arrives', 'EndTxn', 'lose-request'],
    ['a lost answer to a commit that the broker has done', 'EndTxn', 'lose-answer'],
  ] as [string, string, Fault][])('%s', async (_, name, fault) => {
    await countFirst()
    const proxy = await startKafkaProxy(installation.env['KAFKA_BROKERS']!)
    try {
      const rule = proxy.rules.add(name, fault)
      const behindProxy = { KAFKA_BROKERS: `127.0.0.1:${proxy.port}`, REQUEST_TIMEOUT_MS: '1000' }
      const { worker } = await work({ ...AGGREGATES, ...behindProxy })
      await expectAggregates(installation, EVENTS)
      await expectResultsView(installation)
      await expectPopulation(installation, EVENTS)
      expect(rule.hits).toBe(1)
      expect(worker.counters.aggregates.takeovers).toBeGreaterThan(worker.aggregateTasks.length)
      await worker.stop()
      running = []
    } finally {
      await proxy.close()
    }
  })
})

test('a broker that is killed and restarted while workers score and count', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everscore-broker-'))
  // Its own, as others use the one of all tests; signals need a process on this machine.
  const env = { ...process.env, KAFKA_BROKERS: '', SCHEMA_REGISTRY_URL: '', REDIS_URL: '' }
  const stack = await startStack({ dataDir: folder, only: 'java', env, log: () => {} })
  try {
    await installation.close()
    installation = await makeInstallation({ env: stack.env(), settings: { shop: AGGREGATE_SETTINGS } })
    const kafka = stack.servers.find(({ name }) => name === 'kafka')!
    const { worker } = await work({
      TASKS: 'customers,aggregates',
      BATCH_MAX_RECORDS: '10',
      AGGREGATE_INTERVAL_MS: '10',
      REQUEST_TIMEOUT_MS: '2000',
    })
    const breaks = [() => kafka.kill('SIGKILL'), async () => {}, () => kafka.kill('SIGKILL')]
    for (const [i, breakDown] of breaks.entries()) {
      const before = worker.counters.aggregates.batches
      await installation.sink.write(EVENTS.slice(i * 200, (i + 1) * 200))
      await waitFor('some to be counted', () => worker.counters.aggregates.batches > before + 2)
      await breakDown()
      await kafka.restart()
    }
    await installation.sink.write(EVENTS.slice(600))
    await expectAggregates(installation, EVENTS)
    await expectResultsView(installation)
    await expectPopulation(installation, EVENTS)
    await worker.stop()
    running = []
    await installation.close()
  } finally {
    await stack.stop()
    await rm(folder, { recursive: true, force: true })
    // For what is done after each test.
    installation = await makeInstallation()
  }
})

test('a Redis that is emptied again and again while workers score and count', async () => {
  const { redis, group } = installation
  const { worker } = await work({ TASKS: 'customers,aggregates', BATCH_MAX_RECORDS: '10', AGGREGATE_INTERVAL_MS: '10' })
  for (let lost = 0; lost < 4; lost++) {
    const before = worker.counters.aggregates.batches
    await installation.sink.write(EVENTS.slice(lost * 200, (lost + 1) * 200))
    await waitFor('some to be counted', () => worker.counters.aggregates.batches > before + 2)
    const names = (): Promise<string[]> => redis.keys(`${group}:{*`)
    await waitFor('a view to be there', async () => (await names()).length > 0)
    await redis.unlink(await names())
  }
  await installation.sink.write(EVENTS.slice(800))
  await untilProcessed(installation)
  await expectAggregates(installation, EVENTS)
  await expectResultsView(installation)
  await expectPopulation(installation, EVENTS)
  expect(worker.counters.aggregates.takeovers).toBeGreaterThan(worker.aggregateTasks.length)
})
