import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { InputEvent } from '../../schemas/events.ts'
import { startKafkaProxy } from '../faults/proxy/kafka-proxy.ts'
import { expectExactlyOnce, expectViewEqualsLog } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import { inputOffsets, type RunningWorker, startWorker, untilConfirmed, untilProcessed } from './support/workers.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

const NOW = Date.now()
const QUEUE_BYTES = 256 * 1024
/** One fetch brings as much of a partition, and it is asked for while the queue is just not full. */
const FETCH_BYTES = 1024 * 1024
/** What holding a record costs beside its value, at most: key and bookkeeping. */
const RECORD_BYTES = 1.2

let installation: Installation
let proxy: TcpProxy
let running: RunningWorker | null = null

beforeEach(async () => {
  installation = await makeInstallation()
  const { hostname, port } = new URL(installation.config.REDIS_URL)
  proxy = await startTcpProxy(hostname, Number(port))
})

afterEach(async () => {
  proxy.restore()
  await running?.worker.stop()
  running = null
  await proxy.close()
  await installation.close()
})

/** 2 kB each: a few thousand of them are more than all queues hold. */
function largeEvents(count: number, from = 0): InputEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    topic: 'interactions',
    event: {
      eventId: `large-${from + i}`,
      tenantId: 'shop',
      customerId: `c-${(from + i) % 97}`,
      type: 'page_view',
      occurredAt: NOW,
      channel: null,
      itemId: null,
      durationMs: null,
      properties: { text: 'x'.repeat(2_000) },
    },
  }))
}

const queues = () => running?.worker.tasks.flatMap((task) => task.lag()) ?? []
const fetched = (): number[] => queues().map((queue) => queue.fetched)

/** The most bytes that any queue held, looked at for as long as it runs. */
function watchQueues(): { stop(): number } {
  let most = 0
  const timer = setInterval(() => {
    for (const { bytes } of queues()) most = Math.max(most, bytes)
  }, 5)
  return {
    stop() {
      clearInterval(timer)
      return most
    },
  }
}

async function work(env: Readonly<Record<string, string>> = {}): Promise<RunningWorker> {
  running = await startWorker(installation, {
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    QUEUE_MAX_BYTES: String(QUEUE_BYTES),
    BATCH_MAX_RECORDS: '200',
    ...env,
  })
  return running
}

/** Until the queue of each partition has been full while batches were committed. */
async function untilFullAtWork(): Promise<void> {
  const full = new Set<number>()
  await waitFor('each queue to have been full, and work to go on', () => {
    for (const task of running!.worker.tasks) {
      if (task.lag().some(({ bytes }) => bytes >= QUEUE_BYTES)) full.add(task.partition)
    }
    return full.size === PARTITIONS && running!.worker.counters.events.scored > 1_000
  })
}

test('a Redis that does not answer stops fetching at full queues; afterwards all goes on, exactly once', async () => {
  await work()
  const events = largeEvents(6_000)
  await installation.sink.write(events.slice(0, 300))
  await untilProcessed(installation)
  proxy.stall()
  const watched = watchQueues()
  for (let at = 300; at < events.length; at += 300) await installation.sink.write(events.slice(at, at + 300))
  await waitFor(
    'the queue of each partition to be full',
    () => queues().filter(({ bytes }) => bytes >= QUEUE_BYTES).length === PARTITIONS,
  )
  const stoppedAt = fetched()
  const batches = running!.worker.counters.batches
  // Long enough for dozens of fetches.
  await sleep(1_500)
  expect(fetched()).toEqual(stoppedAt)
  // One batch of each task may have been under way, and its answer lost.
  expect(running!.worker.counters.batches - batches).toBeLessThanOrEqual(PARTITIONS)
  const ends = (await inputOffsets(installation)).filter(({ end }) => end > 0).map(({ end }) => end)
  expect(ends.reduce((sum, end) => sum + end)).toBeGreaterThan(stoppedAt.reduce((sum, offset) => sum + offset))
  proxy.restore()
  await untilProcessed(installation)
  expect(watched.stop()).toBeLessThan((QUEUE_BYTES + FETCH_BYTES) * RECORD_BYTES)
  await expectExactlyOnce(installation, events)
  await untilConfirmed(installation)
  await expectViewEqualsLog(installation)
})

test('a slow Redis slows the work down: queues stay bounded, and nothing is lost or doubled', async () => {
  const events = largeEvents(6_000)
  for (let at = 0; at < events.length; at += 300) await installation.sink.write(events.slice(at, at + 300))
  await work()
  proxy.slow(150)
  const watched = watchQueues()
  await untilFullAtWork()
  proxy.slow(0)
  await untilProcessed(installation)
  expect(watched.stop()).toBeLessThan((QUEUE_BYTES + FETCH_BYTES) * RECORD_BYTES)
  await expectExactlyOnce(installation, events)
  await untilConfirmed(installation)
  await expectViewEqualsLog(installation)
})

test('a broker that takes records slowly stops fetching at full queues; afterwards all goes on, exactly once', async () => {
  const events = largeEvents(6_000)
  for (let at = 0; at < events.length; at += 300) await installation.sink.write(events.slice(at, at + 300))
  const broker = await startKafkaProxy(installation.config.KAFKA_BROKERS[0]!)
  try {
    const slow = broker.rules.add('Produce', { delayMs: 500 }, 10)
    await work({ KAFKA_BROKERS: `127.0.0.1:${broker.port}` })
    const watched = watchQueues()
    await untilFullAtWork()
    await untilProcessed(installation)
    expect(slow.hits).toBe(10)
    expect(watched.stop()).toBeLessThan((QUEUE_BYTES + FETCH_BYTES) * RECORD_BYTES)
    await expectExactlyOnce(installation, events)
    await untilConfirmed(installation)
    await expectViewEqualsLog(installation)
  } finally {
    await running?.worker.stop()
    await broker.close()
  }
})
