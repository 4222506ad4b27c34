import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KafkaClient } from '../../connectors/kafka/client.ts'
import { EventSink } from '../../connectors/kafka/event-sink.ts'
import { TransactionalProducer } from '../../connectors/kafka/transactional-producer.ts'
import { kafkaSettings } from '../../runtime/kafka-settings.ts'
import { INPUT_TOPICS } from '../../schemas/topics.ts'
import { parseWorkerReport } from '../../schemas/worker-report.ts'
import type { FaultProxy } from '../faults/proxy/fault-proxy.ts'
import type { Fault, Rule } from '../faults/proxy/fault-rules.ts'
import {
  CODES,
  refuse,
  refuseAddPartitions,
  refuseFetch,
  refuseFirstBatch,
  refuseInitProducerId,
  refuseOffsets,
  refuseProduce,
} from '../faults/proxy/kafka-answers.ts'
import { startKafkaProxy } from '../faults/proxy/kafka-proxy.ts'
import { seemOlder } from '../faults/proxy/older-cluster.ts'
import { withAdmin } from './stack-clients.ts'
import { expectExactlyOnce, expectViewEqualsLog } from './support/check-results.ts'
import { FaultRun } from './support/fault-run.ts'
import { type Installation, PARTITIONS } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import { inputOffsets, type RunningWorker } from './support/workers.ts'

// The worker reaches the broker through a proxy that breaks some of its requests.
let run: FaultRun
let proxy: FaultProxy
let behindProxy: Readonly<Record<string, string>>

beforeEach(async () => {
  run = await FaultRun.start(51)
  proxy = await startKafkaProxy(run.installation.env['KAFKA_BROKERS']!)
  behindProxy = { KAFKA_BROKERS: `127.0.0.1:${proxy.port}` }
})

afterEach(async () => {
  await run.close()
  await proxy.close()
})

/** In the middle of a run: half of the events are processed before, the others come after the fault is armed. */
async function breakInTheMiddle(name: string, fault: Fault, times = 1): Promise<{ rule: Rule; worker: RunningWorker }> {
  const worker = await run.work(behindProxy)
  await run.write(600)
  await run.settled()
  const rule = proxy.rules.add(name, fault, times)
  await run.write()
  return { rule, worker }
}

describe.each([
  ['that adds what is written to a transaction by itself', false],
  ['that wants to be told before', true],
])('a cluster %s', (_, addsFirst) => {
  beforeEach(() => {
    if (addsFirst) seemOlder(proxy.rules)
  })

  describe('an answer that doesn’t come in time: the batch’s outcome is found out by taking the partition over', () => {
    test.each([
      ['a late produce ack', 'Produce', { delayMs: 1_500 }],
      ['a lost produce ack', 'Produce', 'lose-answer'],
      ['records that never arrive', 'Produce', 'lose-request'],
      ['a connection that ends before the records arrive', 'Produce', 'cut-before'],
      ['a connection that ends after the records were written', 'Produce', 'cut-after'],
      ['a lost answer about offsets', 'TxnOffsetCommit', 'lose-answer'],
      ['a commit that never arrives', 'EndTxn', 'lose-request'],
      ['a connection that ends before the commit arrives', 'EndTxn', 'cut-before'],
    ] as [string, string, Fault][])('%s', async (_, name, fault) => {
      const { rule, worker } = await breakInTheMiddle(name, fault)
      await run.expectExactlyOnce()
      expect(rule.hits).toBe(1)
      expect(worker.worker.counters.abortedBatches).toBeGreaterThan(0)
    })

    test.each([
      ['a late answer', { delayMs: 1_500 }],
      ['a lost answer', 'lose-answer'],
      ['a connection that ends', 'cut-after'],
    ] as [string, Fault][])('%s to a commit that the broker has done: the batch is not repeated', async (_, fault) => {
      const { rule, worker } = await breakInTheMiddle('EndTxn', fault)
      await run.expectExactlyOnce()
      expect(rule.hits).toBe(1)
      const { abortedBatches, restoredRecords } = worker.worker.counters
      expect(abortedBatches).toBeGreaterThan(0)
      // The client was refused, the broker had committed: the takeover found the records in the changelog.
      expect(restoredRecords).toBeGreaterThan(0)
    })
  })

  test('a coordinator that moved is looked for again, one that isn’t ready is asked again, and nothing is thrown away', async () => {
    const worker = await run.work(behindProxy)
    await run.write(600)
    await run.settled()
    const { rules } = proxy
    const moved = CODES.NOT_COORDINATOR
    const armed = [
      ...(addsFirst
        ? [
            rules.add('AddPartitionsToTxn', { answer: refuseAddPartitions(moved) }, 2),
            rules.add('AddOffsetsToTxn', { answer: refuse(moved) }, 2),
          ]
        : []),
      rules.add('Produce', { answer: refuseProduce(CODES.CONCURRENT_TRANSACTIONS) }, 2),
      rules.add('TxnOffsetCommit', { answer: refuseOffsets(moved) }, 2),
      rules.add('EndTxn', { answer: refuse(moved) }, 2),
      rules.add('Heartbeat', { answer: refuse(moved) }, 2),
    ]
    const told = rules.add('AddOffsetsToTxn', 'pass', Number.POSITIVE_INFINITY)
    await run.write()
    await run.expectExactlyOnce()
    expect(told.hits > 0).toBe(addsFirst)
    await waitFor('the heartbeats to be refused', () => armed.every(({ hits }) => hits === 2))
    expect(worker.worker.counters.abortedBatches).toBe(0)
  })

  test('a producer that is fenced in the middle of its batch loses the batch; who owns the partition does it again', async () => {
    const gate = Promise.withResolvers<void>()
    const { rule, worker } = await breakInTheMiddle('EndTxn', { until: gate.promise })
    await rule.hit
    // Somebody else takes every transactional id.
    const { config, group } = run.installation
    const client = new KafkaClient(kafkaSettings(config, 'fence'))
    await client.connect([run.installation.topic('customers')])
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const transactionalId = `${group}-customers-${partition}`
      await new TransactionalProducer({
        client,
        transactionalId,
        transactionTimeoutMs: 5_000,
        requestTimeoutMs: 5_000,
      }).open()
    }
    await client.close()
    gate.resolve()
    await run.expectExactlyOnce()
    expect(worker.log.some(({ code }) => code === 'PRODUCER_FENCED')).toBe(true)
  })

  test('a partition that goes to another worker in the middle of a batch: the batch is the new owner’s', async () => {
    const gate = Promise.withResolvers<void>()
    const { rule, worker: zombie } = await breakInTheMiddle('EndTxn', { until: gate.promise }, PARTITIONS)
    await rule.hit
    const other = await run.work({})
    await waitFor('the other worker to have partitions', () =>
      other.worker.tasks.some(({ state }) => state === 'running'),
    )
    gate.resolve()
    await run.expectExactlyOnce()
    const shared = [...zombie.worker.tasks, ...other.worker.tasks].map(({ partition }) => partition)
    expect(shared.toSorted()).toEqual([0, 1, 2])
    expect(other.worker.counters.batches).toBeGreaterThan(0)
  })
})

test('a coordinator that moves while partitions are taken over is looked for again', async () => {
  const rule = proxy.rules.add('InitProducerId', { answer: refuseInitProducerId(CODES.NOT_COORDINATOR) }, 4)
  await run.write()
  await run.work(behindProxy)
  await run.expectExactlyOnce()
  expect(rule.hits).toBe(4)
})

test.each([
  ['of which one batch is refused', { rewrite: refuseFirstBatch(CODES.NOT_LEADER) }],
  ['whose connection ends before the answer', 'cut-after'],
] as [string, Fault][])('events %s are sent again, and are there once', async (_, fault) => {
  const { installation, events } = run
  const sink = await EventSink.connect({
    kafka: kafkaSettings({ ...installation.config, KAFKA_BROKERS: [behindProxy['KAFKA_BROKERS']!] }, 'events'),
    prefix: installation.config.TOPIC_PREFIX,
    register: (subject, schema) => installation.registry.register(subject, schema),
    now: Date.now,
  })
  await sink.write(events.slice(0, 600))
  // The broker has written all of it, and the writer doesn't know.
  const rule = proxy.rules.add('Produce', fault)
  const again = proxy.rules.add('Produce', 'pass', Number.POSITIVE_INFINITY)
  await sink.write(events.slice(600))
  await sink.close()
  expect([rule.hits, again.hits]).toEqual([1, 1])
  const records = await Promise.all(INPUT_TOPICS.map((topic) => installation.read(topic)))
  expect(records.flat()).toHaveLength(events.length)
})

test('slow fetches only take time', async () => {
  const { rule, worker } = await breakInTheMiddle('Fetch', { delayMs: 300 }, 10)
  await run.expectExactlyOnce()
  expect(rule.hits).toBeGreaterThan(0)
  expect(worker.worker.counters.abortedBatches).toBe(0)
})

describe('OFFSET_OUT_OF_RANGE', () => {
  test('of a broker that is mistaken: the partition is taken over and goes on where it was', async () => {
    const { rule } = await breakInTheMiddle('Fetch', { answer: refuseFetch(CODES.OFFSET_OUT_OF_RANGE) })
    await run.expectExactlyOnce()
    expect(rule.hits).toBe(1)
  })

  test('because retention was faster: the loss is reported and counted, the rest is processed', async () => {
    const { installation, events } = run
    const gate = Promise.withResolvers<void>()
    const { worker, log } = await run.work(behindProxy)
    await run.write(500)
    await run.settled()
    const rule = proxy.rules.add('Fetch', { until: gate.promise }, Number.POSITIVE_INFINITY)
    // One of the inputs, one of the settings: nothing is on its way any more.
    await waitFor('both of the worker’s fetches to be held', () => rule.hits === 2)
    await run.write(300)
    await removeAll(installation)
    gate.resolve()
    await waitFor('the loss to be counted', () => worker.counters.lostRecords >= 300)
    await run.write()
    await run.settled()
    await expectExactlyOnce(installation, [...events.slice(0, 500), ...events.slice(800)])
    await expectViewEqualsLog(installation)
    expect(worker.counters.lostRecords).toBe(300)
    await waitFor('the loss to be in the worker’s report', async () => {
      const report = await installation.redis.hget(installation.keys.workers, worker.id)
      return report !== null && parseWorkerReport(report)?.events.lost === 300
    })
    expect(log.some(({ code, level }) => code === 'RECORDS_LOST' && level === 'error')).toBe(true)
  })
})

/** What retention does when nobody was fast enough. */
async function removeAll(installation: Installation): Promise<void> {
  await withAdmin(installation.env['KAFKA_BROKERS']!, async (admin) => {
    for (const { name, end } of await inputOffsets(installation)) {
      const slash = name.lastIndexOf('/')
      const topic = name.slice(0, slash)
      await admin.fetchTopicMetadata({ topics: [topic] })
      if (end === 0) continue
      await admin.deleteTopicRecords({
        topic,
        partitions: [{ partition: Number(name.slice(slash + 1)), offset: `${end}` }],
      })
    }
  })
}
