import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addingImplicitly } from '../../connectors/kafka/adding-implicitly.ts'
import { chooseDialect } from '../../connectors/kafka/choose-dialect.ts'
import { KafkaClient } from '../../connectors/kafka/client.ts'
import type { CompressionType } from '../../connectors/kafka/compression.ts'
import type { ConsumedRecord } from '../../connectors/kafka/consumed-record.ts'
import { EventProducer } from '../../connectors/kafka/event-producer.ts'
import { Fetcher, type FetchProgress } from '../../connectors/kafka/fetcher.ts'
import { committedOffsets, logRange } from '../../connectors/kafka/offsets.ts'
import { readPartition } from '../../connectors/kafka/partition-reader.ts'
import { baseOffsets, refusedBatches } from '../../connectors/kafka/produce-codec.ts'
import { sendRaw } from '../../connectors/kafka/raw-call.ts'
import {
  addingFirst,
  type ProducerIdentity,
  type TransactionDialect,
} from '../../connectors/kafka/transaction-dialect.ts'
import { TransactionalProducer } from '../../connectors/kafka/transactional-producer.ts'
import { servers } from './servers.ts'
import { withAdmin } from './stack-clients.ts'
import { batchOf } from './support/batch-of.ts'
import { newPrefix } from './support/installation.ts'
import { kafkajsReads } from './support/kafkajs-reads.ts'
import { readTopic, readWholePartition } from './support/read-topic.ts'
import { untilLed } from './support/until-led.ts'
import { waitFor } from './support/wait-for.ts'

const prefix = newPrefix()
const topic = `${prefix}results`
const other = `${prefix}changes`
/** Its batches are compressed: kafkajs would stumble over them. */
const packed = `${prefix}packed`
const input = `${prefix}inputs`
const group = `${prefix}group`
const PARTITIONS = 40
let client: KafkaClient

const settings = () => ({ brokers: servers().kafkaBrokers.split(','), clientId: 'transport-test' })

async function connected(): Promise<KafkaClient> {
  const created = new KafkaClient(settings())
  await created.connect([topic, other, packed, input])
  return created
}

beforeAll(async () => {
  await withAdmin(servers().kafkaBrokers, (admin) =>
    admin.createTopics({
      waitForLeaders: true,
      topics: [topic, other, packed, input].map((name) => ({
        topic: name,
        numPartitions: PARTITIONS,
        // The records' times are small numbers, which retention would take for old.
        configEntries: [{ name: 'retention.ms', value: '-1' }],
      })),
    }),
  )
  client = await connected()
  await untilLed(client, topic)
})

afterAll(async () => {
  await client.close()
  await withAdmin(servers().kafkaBrokers, (admin) => admin.deleteTopics({ topics: [topic, other, packed, input] }))
})

/** Each test has a partition of its own, and so a log that begins empty. */
let lastPartition = 0
const newPartition = (): number => lastPartition++

interface Producing {
  readonly its?: KafkaClient
  readonly compression?: CompressionType
  readonly dialect?: TransactionDialect
}

function producerOf(id: string, { its = client, ...options }: Producing = {}): TransactionalProducer {
  const timeouts = { transactionTimeoutMs: 30_000, requestTimeoutMs: 10_000 }
  return new TransactionalProducer({ client: its, transactionalId: prefix + id, ...timeouts, ...options })
}

interface Writing {
  readonly partition: number
  readonly offset?: number
}

const transaction = ({ partition, offset = 1 }: Writing, ...texts: string[]) => ({
  outputs: texts.length === 0 ? [] : [{ topic, partition, batches: [batchOf(...texts)] }],
  group,
  offsets: [{ topic: input, partition, offset }],
})

/** A commit answers when its decision is durable; markers and offsets follow a moment later. */
async function expectCommitted(partition: number, offset: number): Promise<void> {
  await waitFor(`offset ${offset} of partition ${partition}`, async () => {
    const committed = await committedOffsets(client, group, [input], partition)
    return committed.get(input) === offset
  })
}

async function expectEnd(partition: number, end: number): Promise<void> {
  await waitFor(`the end ${end} of partition ${partition}`, async () => {
    const range = await logRange(client, topic, partition)
    return range.end >= end
  })
  expect(await logRange(client, topic, partition)).toEqual({ start: 0, end })
}

async function committedTexts(partition: number): Promise<string[]> {
  return (await readWholePartition(client, topic, partition)).map(({ value }) => String(value))
}

/** Records that a producer leaves in a transaction which nobody ends: it is killed before. */
async function leaveOpen(
  partition: number,
  id: string,
  dialect: TransactionDialect,
  ...texts: string[]
): Promise<void> {
  const killed = { ...dialect, end: () => Promise.reject(new Error('killed before the end of the transaction')) }
  const producer = producerOf(id, { dialect: killed })
  await producer.open()
  await expect(producer.commit(transaction({ partition }, ...texts))).rejects.toThrow(/killed/)
}

describe.each([
  ['adding first', addingFirst, 0],
  ['adding implicitly', addingImplicitly, 2],
] as const)('transactions, %s', (name, dialect, packedFrom) => {
  const mine = (id: string, options: Producing = {}) => producerOf(`${name}-${id}`, { dialect, ...options })
  const leavesOpen = (partition: number, id: string, ...texts: string[]) =>
    leaveOpen(partition, `${name}-${id}`, dialect, ...texts)

  test('what was committed is visible, up to the offsets that commit answered and the offsets of the group', async () => {
    const partition = newPartition()
    const producer = mine('visible')
    await producer.open()
    const written = await producer.commit({
      outputs: [
        { topic, partition, batches: [batchOf('a', 'b')] },
        { topic: other, partition, batches: [batchOf('c')] },
      ],
      group,
      offsets: [{ topic: input, partition, offset: 17 }],
    })
    expect(written).toEqual(
      new Map([
        [`${topic}/${partition}`, 2],
        [`${other}/${partition}`, 1],
      ]),
    )
    expect(await committedTexts(partition)).toEqual(['a', 'b'])
    await expectCommitted(partition, 17)
    // Two records and the marker.
    await expectEnd(partition, 3)
  })

  test.each([
    ['lz4', 0],
    ['zstd', 1],
  ] as const)('a broker takes batches compressed with %s', async (compression, n) => {
    const partition = packedFrom + n
    const producer = mine(compression, { compression })
    await producer.open()
    const texts = Array.from({ length: 300 }, (_, i) => `value ${i}`)
    const outputs = [{ topic: packed, partition, batches: [batchOf(...texts)] }]
    const written = await producer.commit({ outputs, group: null, offsets: [] })
    expect(written).toEqual(new Map([[`${packed}/${partition}`, 300]]))
    const read = await readWholePartition(client, packed, partition)
    expect(read.map(({ value }) => String(value))).toEqual(texts)
  })

  test('what is not committed yet is seen by nobody who reads committed records, and its offsets neither', async () => {
    const partition = newPartition()
    await leavesOpen(partition, 'open', 'uncommitted')
    const range = await logRange(client, topic, partition)
    expect(range).toEqual({ start: 0, end: 1 })
    expect(await kafkajsReads({ brokers: servers().kafkaBrokers, topic, partition, readUncommitted: true })).toEqual([
      'uncommitted',
    ])
    const fetcher = new Fetcher(client, { maxWaitMs: 20 })
    const progress: FetchProgress[] = []
    const records: ConsumedRecord[] = []
    fetcher.subscribe(topic, partition, 0, {
      wantsMore: () => true,
      push: (more, each) => {
        records.push(...more)
        progress.push(each)
      },
      failed: (error) => expect.fail(error.message),
    })
    await waitFor('some answers', () => progress.length > 3)
    await fetcher.close()
    expect(records).toEqual([])
    expect(progress.at(-1)).toMatchObject({ position: 0, lastStableOffset: 0, highWatermark: 1 })
    expect(await committedOffsets(client, group, [input], partition)).toEqual(new Map())
  })

  test('taking the id over ends the transaction that its owner left open: nothing of it is ever visible', async () => {
    const partition = newPartition()
    await leavesOpen(partition, 'taken-over', 'lost 1', 'lost 2')
    const owner = mine('taken-over')
    await owner.open()
    await owner.commit(transaction({ partition, offset: 2 }, 'kept'))
    expect(await committedTexts(partition)).toEqual(['kept'])
    await expectCommitted(partition, 2)
    // Two aborted records, their marker, one record, its marker.
    await expectEnd(partition, 5)
  })

  test('a second producer of the same id fences the first, whose commit leaves nothing', async () => {
    const partition = newPartition()
    const [first, second] = [mine('fenced'), mine('fenced')]
    await first.open()
    await first.commit(transaction({ partition, offset: 1 }, 'by the first'))
    await second.open()
    await expect(first.commit(transaction({ partition, offset: 2 }, 'by a zombie'))).rejects.toMatchObject({
      code: 'PRODUCER_FENCED',
    })
    await second.commit(transaction({ partition, offset: 3 }, 'by the second'))
    expect(await committedTexts(partition)).toEqual(['by the first', 'by the second'])
    await expectCommitted(partition, 3)
    await expect(first.commit(transaction({ partition }, 'again'))).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('sequences go on over many transactions of one producer, none lost and none twice', async () => {
    const partition = newPartition()
    const producer = mine('sequences')
    await producer.open()
    const expected: string[] = []
    let end = 0
    for (let i = 0; i < 60; i++) {
      const texts = Array.from({ length: 1 + (i % 5) }, (_, j) => `${i}.${j}`)
      expected.push(...texts)
      const written = await producer.commit(transaction({ partition, offset: i }, ...texts))
      expect(written.get(`${topic}/${partition}`)).toBe(end + texts.length)
      end += texts.length + 1
    }
    expect(await committedTexts(partition)).toEqual(expected)
    await expectCommitted(partition, 59)
  })

  test('records that come after the end of their transaction are no part of the next one', async () => {
    const partition = newPartition()
    const writers: ProducerIdentity[] = []
    const end: TransactionDialect['end'] = (broker, identity) => {
      writers.push(identity)
      return dialect.end(broker, identity)
    }
    const producer = mine('late', { dialect: { ...dialect, end } })
    await producer.open()
    await producer.commit(transaction({ partition, offset: 1 }, 'in time'))
    await expectEnd(partition, 2)
    const { producerId, epoch: producerEpoch } = writers[0]!
    const stamp = { producerId, producerEpoch, baseSequence: 1, transactional: true }
    const late = [{ topic, partition, batch: batchOf('late').finish(stamp) }]
    const leader = await client.broker(client.leaderOf(topic, partition))
    const answer = await sendRaw(leader, dialect.produce(writers[0]!, late, 10_000))
    expect([...refusedBatches(answer).keys()]).toEqual([`${topic}/${partition}`])
    expect(baseOffsets(answer).size).toBe(0)
    await producer.commit(transaction({ partition, offset: 2 }, 'the next'))
    expect(await committedTexts(partition)).toEqual(['in time', 'the next'])
  })

  test('several batches of one partition stand in their order', async () => {
    const partition = newPartition()
    const producer = mine('batches')
    await producer.open()
    const expected: string[] = []
    for (let i = 0; i < 5; i++) {
      const batches = Array.from({ length: 4 }, (_, j) => [`${i}.${j}.a`, `${i}.${j}.b`])
      expected.push(...batches.flat())
      await producer.commit({
        outputs: [{ topic, partition, batches: batches.map((texts) => batchOf(...texts)) }],
        group,
        offsets: [{ topic: input, partition, offset: i }],
      })
    }
    expect(await committedTexts(partition)).toEqual(expected)
    await expectCommitted(partition, 4)
  })

  test('a transaction of offsets alone is one, too', async () => {
    const partition = newPartition()
    const producer = mine('offsets')
    await producer.open()
    expect(await producer.commit(transaction({ partition, offset: 5 }))).toEqual(new Map())
    await expectCommitted(partition, 5)
    await producer.commit(transaction({ partition, offset: 6 }, 'after it'))
    expect(await committedTexts(partition)).toEqual(['after it'])
  })

  test('a batch that is larger than its topic takes fails the transaction, and the next owner goes on', async () => {
    const partition = newPartition()
    const producer = mine('too-large')
    await producer.open()
    await expect(producer.commit(transaction({ partition, offset: 9 }, 'x'.repeat(2_000_000)))).rejects.toMatchObject({
      code: 'KAFKA_REFUSED',
      details: { type: 'MESSAGE_TOO_LARGE' },
    })
    const next = mine('too-large')
    await next.open()
    await next.commit(transaction({ partition, offset: 1 }, 'small'))
    expect(await committedTexts(partition)).toEqual(['small'])
    await expectCommitted(partition, 1)
  })

  test('kafkajs, which knows nothing of our encoding, reads the same', async () => {
    const partition = newPartition()
    await leavesOpen(partition, 'kafkajs', 'aborted')
    const producer = mine('kafkajs')
    await producer.open()
    await producer.commit(transaction({ partition }, 'first', 'ümläut', '😀'))
    expect(await kafkajsReads({ brokers: servers().kafkaBrokers, topic, partition })).toEqual(['first', 'ümläut', '😀'])
  })
})

test('one broker of Kafka 4 adds implicitly, several are told before', async () => {
  const coordinator = await client.coordinator(`${prefix}ways`, 'transaction')
  expect(client.brokers).toBe(1)
  expect(await chooseDialect(client, coordinator)).toBe(addingImplicitly)
  expect(await chooseDialect({ brokers: 2 }, coordinator)).toBe(addingFirst)
})

test('an id may change its way from one owner to the next', async () => {
  const partition = newPartition()
  const texts = ['first', 'implicit', 'first again', 'as it is found']
  for (const [i, dialect] of [addingFirst, addingImplicitly, addingFirst, undefined].entries()) {
    const producer = producerOf('ways', { ...(dialect && { dialect }) })
    await producer.open()
    await producer.commit(transaction({ partition, offset: i }, texts[i]!))
  }
  expect(await committedTexts(partition)).toEqual(texts)
  await expectCommitted(partition, 3)
})

describe('reading a partition', () => {
  test('ends at the high watermark although the last records are markers', async () => {
    const partition = newPartition()
    const producer = producerOf('markers')
    await producer.open()
    for (const text of ['a', 'b', 'c']) await producer.commit(transaction({ partition }, text))
    await leaveOpen(partition, 'markers', addingFirst, 'aborted')
    await producerOf('markers').open()
    const { end } = await logRange(client, topic, partition)
    // Three records and their markers, one aborted record and its marker.
    expect(end).toBe(8)
    const fetcher = new Fetcher(client, { maxWaitMs: 20 })
    const slices: { texts: string[]; position: number }[] = []
    for await (const { records, position } of readPartition(fetcher, topic, partition, { from: 0, to: end })) {
      slices.push({ texts: records.map(({ value }) => String(value)), position })
    }
    await fetcher.close()
    expect(slices.flatMap(({ texts }) => texts)).toEqual(['a', 'b', 'c'])
    expect(slices.at(-1)?.position).toBe(8)
  })

  test('gives nothing from the range’s end on, and nothing at all of an empty range', async () => {
    const partition = newPartition()
    const producer = producerOf('ranges')
    await producer.open()
    await producer.commit(transaction({ partition }, 'a', 'b', 'c'))
    const fetcher = new Fetcher(client, { maxWaitMs: 20 })
    const textsOf = async (from: number, to: number): Promise<string[]> => {
      const texts: string[] = []
      for await (const { records } of readPartition(fetcher, topic, partition, { from, to })) {
        texts.push(...records.map(({ value }) => String(value)))
      }
      return texts
    }
    expect(await textsOf(1, 2)).toEqual(['b'])
    expect(await textsOf(2, 4)).toEqual(['c'])
    expect(await textsOf(2, 2)).toEqual([])
    await fetcher.close()
  })

  test('an abort ends it while it waits', async () => {
    const partition = newPartition()
    const stop = new AbortController()
    const fetcher = new Fetcher(client, { maxWaitMs: 20 })
    const reading = readPartition(fetcher, topic, partition, { from: 0, to: 1 }, stop.signal).next()
    stop.abort(new Error('stopped'))
    await expect(reading).rejects.toThrow('stopped')
    await fetcher.close()
  })

  test('a position that retention has removed fails the subscription, and names it', async () => {
    const partition = newPartition()
    const producer = producerOf('retention')
    await producer.open()
    await producer.commit(transaction({ partition }, 'a', 'b'))
    await withAdmin(servers().kafkaBrokers, async (admin) => {
      await admin.fetchTopicMetadata({ topics: [topic] })
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: '2' }] })
    })
    const fetcher = new Fetcher(client, { maxWaitMs: 20 })
    await expect(readPartition(fetcher, topic, partition, { from: 0, to: 3 }).next()).rejects.toMatchObject({
      code: 'KAFKA_REFUSED',
      details: { type: 'OFFSET_OUT_OF_RANGE', topic, partition, offset: 0 },
    })
    await fetcher.close()
  })
})

describe('the fetcher', () => {
  test('leaves a full sink out and asks again when it wants more, without losing its place', async () => {
    const partition = newPartition()
    const producer = new EventProducer(client, { maxBatchBytes: 2_000 })
    const values = Array.from({ length: 500 }, (_, i) => `value ${i}`)
    const key = Buffer.from('k')
    await producer.send(values.map((value) => ({ topic, key, value: Buffer.from(value), timestamp: 1, partition })))
    const fetcher = new Fetcher(client, { maxWaitMs: 20, partitionBytes: 3_000 })
    const received: string[] = []
    let open = 0
    let answers = 0
    fetcher.subscribe(topic, partition, 0, {
      wantsMore: () => open > 0,
      push: (records) => {
        received.push(...[...records].map(({ value }) => String(value)))
        open--
        answers++
      },
      failed: (error) => expect.fail(error.message),
    })
    while (received.length < values.length) {
      const before = answers
      open = 1
      fetcher.wake()
      await waitFor('the next answer', () => answers > before)
      expect(open).toBe(0)
    }
    expect(received).toEqual(values)
    await fetcher.close()
  })

  test('keeps a partition’s records for the subscription that asked for them', async () => {
    const partition = newPartition()
    const key = Buffer.from('k')
    const values = Array.from({ length: 50 }, (_, i) => `value ${i}`)
    await new EventProducer(client, { maxBatchBytes: 500 }).send(
      values.map((value) => ({ topic, key, value: Buffer.from(value), timestamp: 1, partition })),
    )
    const fetcher = new Fetcher(client, { maxWaitMs: 20 })
    const seen: string[][] = []
    for (let round = 0; round < 20; round++) {
      const mine: string[] = []
      seen.push(mine)
      const subscription = fetcher.subscribe(topic, partition, round, {
        wantsMore: () => true,
        push: (records) => mine.push(...[...records].map(({ value }) => String(value))),
        failed: (error) => expect.fail(error.message),
      })
      // Some close before their first answer, some after it.
      if (round % 3 === 0) await waitFor('records', () => mine.length > 0)
      if (round < 19) subscription.close()
    }
    await waitFor('the last one to be complete', () => seen.at(-1)!.length === values.length - 19)
    await fetcher.close()
    seen.forEach((mine, round) => {
      expect(mine).toEqual(values.slice(round, round + mine.length))
    })
  })
})

describe('writing events', () => {
  test('keeps the order within a partition through many batches, and spreads by the key', async () => {
    const producer = new EventProducer(client, { maxBatchBytes: 3_000 })
    const keys = Array.from({ length: 20 }, (_, i) => `shop/customer ${i}`)
    const records = Array.from({ length: 2_000 }, (_, i) => ({ key: keys[(i * 7) % 20]!, value: `${i}` }))
    await producer.send(
      records.map(({ key, value }) => ({
        topic: input,
        key: Buffer.from(key),
        value: Buffer.from(value),
        timestamp: 5,
      })),
    )
    const read = await readTopic(client, input)
    for (const key of keys) {
      const mine = read.filter((record) => record.key === key)
      expect(new Set(mine.map(({ partition }) => partition)).size).toBe(1)
      expect(mine.map(({ value }) => String(value))).toEqual(
        records.filter((each) => each.key === key).map(({ value }) => value),
      )
    }
    expect(read).toHaveLength(records.length)
  })

  test('calls at the same time neither mix nor lose their records', async () => {
    const partition = newPartition()
    const producer = new EventProducer(client)
    const calls = Array.from({ length: 30 }, (_, call) =>
      Array.from({ length: 1 + call }, (_each, i) => `${call}.${i}`),
    )
    const key = Buffer.from('k')
    await Promise.all(
      calls.map((values) =>
        producer.send(values.map((value) => ({ topic, key, value: Buffer.from(value), timestamp: 1, partition }))),
      ),
    )
    expect(await committedTexts(partition)).toEqual(calls.flat())
  })

  test('a call that failed leaves the next one alone', async () => {
    const partition = newPartition()
    const producer = new EventProducer(client)
    const record = { topic, key: Buffer.from('k'), timestamp: 1, partition }
    const refused = producer.send([{ ...record, value: Buffer.alloc(1_500_000) }])
    const taken = producer.send([{ ...record, value: Buffer.from('small') }])
    await expect(refused).rejects.toMatchObject({ code: 'KAFKA_REFUSED' })
    await taken
    expect(await committedTexts(partition)).toEqual(['small'])
  })

  test('a record that the broker refuses is refused, not sent for ever', async () => {
    const record = { topic: input, key: Buffer.from('k'), value: Buffer.alloc(1_500_000), timestamp: 1 }
    await expect(new EventProducer(client).send([record])).rejects.toMatchObject({ code: 'KAFKA_REFUSED' })
  })
})

describe('a client', () => {
  test('says that a topic is missing, and ends its connections', async () => {
    const missing = new KafkaClient(settings())
    await expect(missing.connect([`${prefix}nothing`])).rejects.toMatchObject({
      code: 'TOPIC_MISMATCH',
      message: expect.stringContaining(`${prefix}nothing`),
    })
    await missing.close()
    await expect(missing.broker(1)).rejects.toThrow()
  })

  test('says that no broker answers', async () => {
    const nobody = new KafkaClient({ brokers: ['127.0.0.1:1'], clientId: 'nobody', connectionTimeoutMs: 500 })
    await expect(nobody.connect([])).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE', retryable: true })
  })
})
