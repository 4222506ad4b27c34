import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isTrusted } from '../../api/partition-trust.ts'
import { RedisLookup } from '../../api/redis-lookup.ts'
import { load } from '../../bench/generator.ts'
import { KafkaClient } from '../../connectors/kafka/client.ts'
import { kafkaSettings } from '../../runtime/kafka-settings.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { STEPS, type Step } from '../../schemas/steps.ts'
import { REPORT_STALE_MS } from '../../schemas/worker-report.ts'
import { crashAfter } from '../faults/crash-after.ts'
import { startKafkaProxy } from '../faults/proxy/kafka-proxy.ts'
import { seemOlder } from '../faults/proxy/older-cluster.ts'
import {
  expectChangesFollowRecords,
  expectExactlyOnce,
  expectViewEqualsLog,
  readCustomers,
} from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import {
  inputOffsets,
  type RunningWorker,
  startWorker,
  startWorkerProcess,
  untilConfirmed,
  untilProcessed,
} from './support/workers.ts'

// A worker dies after a step (SIGKILL, from within), another takes over: each event still has its one record.
const UNTIL = Date.UTC(2026, 0, 1)
const BEFORE = 5_400
/** Of ListOffsets. */
const LATEST = -1
const READ_UNCOMMITTED = 0
const READ_COMMITTED = 1
const events: readonly InputEvent[] = [...load({ seed: 41, events: 6_600, customers: 150, until: UNTIL })]

/** The second partition's takeover: one is done, one is in the middle, one has not begun. */
const IN_TAKEOVER = { fenced: 2, 'offsets-read': 2, 'view-restored': 2 }
/** The view is gone before. The changelog of a partition is restored in several slices. */
const IN_REBUILD = { 'view-emptied': 2, 'slice-restored': 2 }
/** In the middle of many small batches. */
const IN_UNIT = {
  'batch-processed': 5,
  'transaction-begun': 5,
  'records-sent': 5,
  'offsets-sent': 5,
  'transaction-written': 5,
  'transaction-ended': 5,
  'view-written': 5,
}

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

async function processFirst(): Promise<void> {
  await installation.sink.write(events.slice(0, BEFORE))
  const first = await startWorker(installation)
  running.push(first)
  await untilProcessed(installation)
  await first.worker.stop()
  await installation.sink.write(events.slice(BEFORE))
}

async function dieAfter(step: Step, times: number, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const { child, said, kill } = startWorkerProcess(installation, {
    BATCH_MAX_RECORDS: '30',
    SESSION_TIMEOUT_MS: '1500',
    ...env,
    ...crashAfter(step, times),
  })
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  try {
    await waitFor(`the worker to die after ${step}`, hasEnded)
    expect([child.exitCode, child.signalCode], said()).toEqual([null, 'SIGKILL'])
  } finally {
    if (!hasEnded()) await kill('SIGKILL')
  }
  const left = (await inputOffsets(installation)).reduce((sum, { committed, end }) => sum + end - committed, 0)
  expect(left, 'records that were left to the next owner').toBeGreaterThan(0)
}

/** @returns the worker that took over and did the rest */
async function expectTheRestOfAnother(): Promise<RunningWorker> {
  const next = await startWorker(installation)
  running.push(next)
  await untilProcessed(installation)
  await untilConfirmed(installation)
  await expectExactlyOnce(installation, events)
  await expectViewEqualsLog(installation)
  await expectChangesFollowRecords(installation)
  return next
}

/** However long ago the worker died: its mark and its report have expired. */
async function expectOnlyWholeViewsTrusted(): Promise<void> {
  const { redis, keys } = installation
  const lookup = new RedisLookup(redis, keys)
  const customers = await readCustomers(installation)
  let distrusted = 0
  for (let partition = 0; partition < PARTITIONS; partition++) {
    await redis.del(keys.rebuilding(partition))
    const view = await lookup.read(partition, 'acme', ['nobody'])
    const deps = { lookup, partitions: PARTITIONS, now: () => Date.now() + 2 * REPORT_STALE_MS }
    if (await isTrusted(deps, partition, view)) {
      const whole = new Set(customers.flatMap((record) => (record.partition === partition ? [record.key] : [])))
      expect(await redis.hlen(keys.customers(partition))).toBe(whole.size)
    } else distrusted++
  }
  expect(distrusted).toBeGreaterThan(0)
}

test('every step has its crash', () => {
  expect(Object.keys({ ...IN_TAKEOVER, ...IN_REBUILD, ...IN_UNIT }).sort()).toEqual([...STEPS].sort())
})

describe('a worker that dies in a unit of work', () => {
  const steps = Object.entries(IN_UNIT) as [Step, number][]

  test.each(steps)('after %s (%i)', async (step, times) => {
    await processFirst()
    await dieAfter(step, times)
    const { worker } = await expectTheRestOfAnother()
    // What was committed and not shown yet is restored from the changelog.
    if (step === 'transaction-ended') expect(worker.counters.restoredRecords).toBeGreaterThan(0)
  })

  test.each(steps)('after %s (%i), of a cluster that is told first what a transaction writes', async (step, times) => {
    await processFirst()
    const proxy = await startKafkaProxy(installation.env['KAFKA_BROKERS']!)
    seemOlder(proxy.rules)
    const told = proxy.rules.add('AddOffsetsToTxn', 'pass', Number.POSITIVE_INFINITY)
    await dieAfter(step, times, { KAFKA_BROKERS: `127.0.0.1:${proxy.port}` }).finally(() => proxy.close())
    expect(told.hits).toBeGreaterThan(0)
    // Its successor isn't, and settles what was told.
    await expectTheRestOfAnother()
  })
})

test('what a dead worker left open holds readers up until the transaction time-out, without anybody taking over', async () => {
  await processFirst()
  await dieAfter('transaction-written', 5, { TRANSACTION_TIMEOUT_MS: '3000' })
  const client = new KafkaClient(kafkaSettings(installation.config, 'stable'))
  const topic = installation.topic('customers')
  await client.connect([topic])
  try {
    expect(await heldUp(client, topic)).toBeGreaterThan(0)
    await waitFor('the broker to abort it', async () => (await heldUp(client, topic)) === 0)
  } finally {
    await client.close()
  }
  await expectTheRestOfAnother()
})

/** Records that a read_committed reader doesn't get to see yet, or never will. */
async function heldUp(client: KafkaClient, topic: string): Promise<number> {
  const broker = await client.broker(client.leaderOf(topic, 0))
  const ends = async (isolationLevel: number): Promise<number> => {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, timestamp: LATEST }))
    const { responses } = await broker.listOffsets({ isolationLevel, topics: [{ topic, partitions }] })
    return responses[0]!.partitions.reduce((sum, { offset }) => sum + Number(offset), 0)
  }
  return (await ends(READ_UNCOMMITTED)) - (await ends(READ_COMMITTED))
}

describe('a worker that dies in a takeover', () => {
  test.each(Object.entries(IN_TAKEOVER) as [Step, number][])('after %s (%i)', async (step, times) => {
    await processFirst()
    await dieAfter(step, times)
    await expectTheRestOfAnother()
  })
})

describe('a worker that dies while it rebuilds a view that Redis lost', () => {
  test.each(Object.entries(IN_REBUILD) as [Step, number][])('after %s (%i)', async (step, times) => {
    await processFirst()
    const { redis, group } = installation
    await redis.unlink(await redis.keys(`${group}:{*`))
    await dieAfter(step, times)
    await expectOnlyWholeViewsTrusted()
    const recorded = (await readCustomers(installation)).length
    const { worker } = await expectTheRestOfAnother()
    const { restoredRecords } = worker.counters
    // It goes on behind the slices that were written; those on their way when the worker died may have been the last ones.
    if (step === 'slice-restored') expect(restoredRecords).toBeLessThan(recorded)
    else expect(restoredRecords).toBeGreaterThan(0)
  })
})
