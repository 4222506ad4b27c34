import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addingImplicitly } from '../../connectors/kafka/adding-implicitly.ts'
import { KafkaClient } from '../../connectors/kafka/client.ts'
import type { RecordBatchBuilder } from '../../connectors/kafka/record-batch-builder.ts'
import { addingFirst } from '../../connectors/kafka/transaction-dialect.ts'
import { TransactionalProducer } from '../../connectors/kafka/transactional-producer.ts'
import type { FaultProxy } from '../faults/proxy/fault-proxy.ts'
import { CODES, refuseFirstBatch, refuseFirstBatchFlexibly, refuseProduce } from '../faults/proxy/kafka-answers.ts'
import { startKafkaProxy } from '../faults/proxy/kafka-proxy.ts'
import { servers } from './servers.ts'
import { withAdmin } from './stack-clients.ts'
import { batchOf } from './support/batch-of.ts'
import { newPrefix } from './support/installation.ts'
import { readWholePartition } from './support/read-topic.ts'
import { untilLed } from './support/until-led.ts'

// A producer reaches the broker through a proxy that refuses some of its batches.
const prefix = newPrefix()
const topic = `${prefix}results`
const other = `${prefix}changes`
const PARTITIONS = 20
let proxy: FaultProxy
let client: KafkaClient

/** The records' times are small numbers, which retention would take for old. */
const KEPT = { name: 'retention.ms', value: '-1' }

beforeAll(async () => {
  await withAdmin(servers().kafkaBrokers, (admin) =>
    admin.createTopics({
      waitForLeaders: true,
      topics: [topic, other].map((name) => ({ topic: name, numPartitions: PARTITIONS, configEntries: [KEPT] })),
    }),
  )
  const direct = new KafkaClient({ brokers: servers().kafkaBrokers.split(','), clientId: 'transport-faults' })
  await direct.connect([topic, other])
  await Promise.all([topic, other].map((name) => untilLed(direct, name)))
  await direct.close()
})

afterAll(async () => {
  await withAdmin(servers().kafkaBrokers, (admin) => admin.deleteTopics({ topics: [topic, other] }))
})

beforeEach(async () => {
  proxy = await startKafkaProxy(servers().kafkaBrokers)
  client = new KafkaClient({ brokers: [`127.0.0.1:${proxy.port}`], clientId: 'transport-faults' })
  await client.connect([topic, other])
})

afterEach(async () => {
  await client.close()
  await proxy.close()
})

let lastPartition = 0
const newPartition = (): number => lastPartition++

async function textsIn(name: string, partition: number): Promise<string[]> {
  return (await readWholePartition(client, name, partition)).map(({ value }) => String(value))
}

describe.each([
  ['adding first', addingFirst, refuseFirstBatch],
  ['adding implicitly', addingImplicitly, refuseFirstBatchFlexibly],
] as const)('transactions, %s', (name, dialect, refuseOne) => {
  async function opened(id: string): Promise<TransactionalProducer> {
    const timeouts = { transactionTimeoutMs: 30_000, requestTimeoutMs: 10_000 }
    const producer = new TransactionalProducer({
      client,
      transactionalId: `${prefix}${name}-${id}`,
      ...timeouts,
      dialect,
    })
    await producer.open()
    return producer
  }

  const commit = (producer: TransactionalProducer, partition: number, ...batches: RecordBatchBuilder[]) =>
    producer.commit({ outputs: [{ topic, partition, batches }], group: null, offsets: [] })

  test.each([
    ['the last transaction is still ending', CODES.CONCURRENT_TRANSACTIONS],
    ['too few replicas are in step', CODES.NOT_ENOUGH_REPLICAS],
  ])('batches that are refused because %s are sent again, in their order', async (_, code) => {
    const partition = newPartition()
    const producer = await opened(`again-${code}`)
    await commit(producer, partition, batchOf('before'))
    const rule = proxy.rules.add('Produce', { answer: refuseProduce(code) }, 3)
    await commit(producer, partition, batchOf('a', 'b'), batchOf('c'), batchOf('d', 'e'))
    await commit(producer, partition, batchOf('after'))
    expect(rule.hits).toBe(3)
    expect(await textsIn(topic, partition)).toEqual(['before', 'a', 'b', 'c', 'd', 'e', 'after'])
  })

  test('of a request of which one batch is refused for now, only that one is sent again', async () => {
    const partition = newPartition()
    const producer = await opened('partly')
    const answers: Buffer[] = []
    const keep = (answer: Buffer): Buffer => {
      answers.push(Buffer.from(answer))
      return answer
    }
    // The broker has written it, and knows it again by its sequence.
    const refused = proxy.rules.add('Produce', { rewrite: refuseOne(CODES.CONCURRENT_TRANSACTIONS) })
    proxy.rules.add('Produce', { rewrite: keep }, Number.POSITIVE_INFINITY)
    const outputs = [topic, other].map((each) => ({
      topic: each,
      partition,
      batches: [batchOf('one'), batchOf('two')],
    }))
    const ends = await producer.commit({ outputs, group: null, offsets: [] })
    expect(refused.hits).toBe(1)
    const topicsOf = answers.map((answer) => [topic, other].filter((each) => answer.includes(each)).length)
    expect(topicsOf).toEqual([1, 2])
    expect(Object.fromEntries(ends)).toEqual({ [`${topic}/${partition}`]: 2, [`${other}/${partition}`]: 2 })
    expect(await textsIn(topic, partition)).toEqual(['one', 'two'])
    expect(await textsIn(other, partition)).toEqual(['one', 'two'])
  })

  test('after the refusal of somebody who leads no more it is asked who does', async () => {
    const partition = newPartition()
    const producer = await opened('moved')
    proxy.rules.add('Produce', { answer: refuseProduce(CODES.NOT_LEADER) })
    const asked = proxy.rules.add('Metadata', 'pass', Number.POSITIVE_INFINITY)
    await expect(commit(producer, partition, batchOf('refused'))).rejects.toMatchObject({
      code: 'KAFKA_UNAVAILABLE',
      retryable: true,
      details: { type: 'NOT_LEADER_FOR_PARTITION', topics: [topic] },
    })
    expect(asked.hits).toBe(1)
    await commit(await opened('moved'), partition, batchOf('taken'))
    expect(await textsIn(topic, partition)).toEqual(['taken'])
  })

  test('one with nothing in it is none', async () => {
    const partition = newPartition()
    const producer = await opened('empty')
    const ended = proxy.rules.add('EndTxn', 'pass', Number.POSITIVE_INFINITY)
    expect(await producer.commit({ outputs: [], group: `${prefix}group`, offsets: [] })).toEqual(new Map())
    expect(ended.hits).toBe(0)
    await commit(producer, partition, batchOf('something'))
    expect(ended.hits).toBe(1)
    expect(await textsIn(topic, partition)).toEqual(['something'])
  })
})
