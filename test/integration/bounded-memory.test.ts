import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Interaction } from '../../schemas/avro/interaction.ts'
import { customerKey, partitionOf } from '../../schemas/partition.ts'
import { TOPICS } from '../../schemas/topics.ts'
import { parseWorkerReport } from '../../schemas/worker-report.ts'
import { readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { startWorkerProcess, untilProcessed, type WorkerProcess } from './support/workers.ts'

const NOW = Date.now()
const MIB = 2 ** 20
/** All that a worker needs beside buffers; V8 ends a process that wants more. */
const HEAP_MIB = 96
/** 15 queues of 2 MiB and a fetch of 1 MiB, two answers of 16 MiB, and the outputs and arenas of three tasks. */
const BUFFERS_MIB = 160

let installation: Installation
let worker: WorkerProcess

beforeEach(async () => {
  installation = await makeInstallation()
})

afterEach(async () => {
  await worker.kill('SIGTERM')
  await installation.close()
})

function visit(customerId: string, number: number): Interaction {
  return {
    eventId: `e-${number}`,
    tenantId: 'shop',
    customerId,
    type: 'page_view',
    // All within one second.
    occurredAt: NOW - 1_000 + (number % 1_000),
    channel: 'web',
    itemId: null,
    durationMs: null,
    properties: {},
  }
}

/** Works all off in a process of little memory. @returns the most bytes that its buffers took */
async function workOff(): Promise<number> {
  worker = startWorkerProcess(installation, { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` })
  let most = 0
  let watching = true
  const watched = (async () => {
    while (watching) {
      for (const json of await installation.redis.hvals(installation.keys.workers)) {
        most = Math.max(most, parseWorkerReport(json)?.memory?.arrayBuffers ?? 0)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  try {
    await untilProcessed(installation)
  } finally {
    watching = false
    await watched
  }
  expect(worker.child.exitCode, worker.said()).toBeNull()
  return most
}

test('100,000 events of one customer within a second are scored each, in little memory', async () => {
  const count = 100_000
  for (let from = 0; from < count; from += 5_000) {
    const events = Array.from({ length: 5_000 }, (_, i) => visit('hot', from + i))
    await installation.sink.write(events.map((event) => ({ topic: 'interactions', event })))
  }
  expect(await workOff()).toBeLessThan(BUFFERS_MIB * MIB)
  const records = await readCustomers(installation)
  expect(records).toHaveLength(count)
  expect(records.map(({ customer }) => customer!.eventId)).toEqual(Array.from({ length: count }, (_, i) => `e-${i}`))
  // The state, which the last record of each batch has, doesn't grow with the number of events.
  const states = records.map(({ customer }) => customer!.state.length).filter((length) => length > 0)
  expect(states.length).toBeGreaterThan(1)
  expect(states.at(-1)!).toBeLessThan(2 * states[0]!)
})

test('one record batch that is 40 MB once it is decompressed is worked off', async () => {
  // Few enough for kafkajs's producer, whose time grows with the square of a batch.
  const count = 15_000
  const key = Buffer.from(customerKey('shop', 'batch'))
  const partition = partitionOf(key, PARTITIONS)
  const id = await installation.registry.register(
    `${installation.topic('interactions')}-value`,
    TOPICS.interactions.schema!,
  )
  const codec = installation.codec<Interaction>('interactions').useId(id)
  const properties = { text: 'x'.repeat(2_600) }
  const messages = Array.from({ length: count }, (_, i) => {
    const value = codec.encode({ ...visit('batch', i), properties })
    return { key, value, partition }
  })
  const kafka = new Kafka({ brokers: [...installation.config.KAFKA_BROKERS], logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  const [written] = await producer.send({
    topic: installation.topic('interactions'),
    compression: CompressionTypes.GZIP,
    messages,
  })
  await producer.disconnect()
  expect(written).toMatchObject({ baseOffset: '0' })
  expect(await workOff()).toBeLessThan(BUFFERS_MIB * MIB)
  const scored = (await readCustomers(installation)).map(({ customer }) => customer!.eventId)
  expect(scored).toEqual(Array.from({ length: count }, (_, i) => `e-${i}`))
})
