import { KafkaClient } from '../connectors/kafka/client.ts'
import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { committedOffsets, logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import { RecordBatchBuilder } from '../connectors/kafka/record-batch-builder.ts'
import { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import { AppError } from '../schemas/errors.ts'
import type { InputTopic } from '../schemas/topics.ts'
import type { Config } from './config.ts'
import { encodeDeadLetter } from './dead-letter.ts'
import { applicationId, kafkaSettings } from './kafka-settings.ts'

const TRIES = 10

export interface RecordPlace {
  readonly topic: InputTopic
  readonly partition: number
  readonly offset: number
}

/**
 * Puts the record at which a partition stands still into `dead-letters` (stage operator, reason SKIPPED) and moves the
 * group's offset past it, in one transaction of the partition's own producer: its owner is fenced, as by a takeover, so
 * that nobody commits in between, and goes on behind the record at its next try.
 * @throws AppError INPUT_INVALID when the partition stands at another record
 */
export async function skipRecord(config: Config, place: RecordPlace, now: () => number): Promise<void> {
  const client = new KafkaClient(kafkaSettings(config, 'everscore-skip'))
  try {
    await client.connect([config.TOPIC_PREFIX + place.topic, `${config.TOPIC_PREFIX}dead-letters`])
    for (let tried = 1; ; tried++) {
      try {
        return await skipOnce(client, config, place, now)
      } catch (error) {
        // The owner tried again meanwhile, and fenced us in turn: nothing was committed.
        if (!(error instanceof AppError) || error.code !== 'PRODUCER_FENCED' || tried === TRIES) throw error
      }
    }
  } finally {
    await client.close()
  }
}

async function skipOnce(client: KafkaClient, config: Config, place: RecordPlace, now: () => number): Promise<void> {
  const { partition, offset } = place
  const app = applicationId(config)
  const topic = config.TOPIC_PREFIX + place.topic
  if (partition >= client.partitionsOf(topic)) throw refused(place, 'there is no such partition')
  const producer = new TransactionalProducer({
    client,
    transactionalId: `${app}-customers-${partition}`,
    transactionTimeoutMs: config.TRANSACTION_TIMEOUT_MS,
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
  })
  await producer.open()
  const committed = (await committedOffsets(client, app, [topic], partition)).get(topic)
  const at = committed ?? (await logRange(client, topic, partition)).start
  if (at !== offset) throw refused(place, `the partition stands at offset ${at}, and only that record can be skipped`)
  const record = await recordAt(client, topic, place)
  const letter = { stage: 'operator', reason: 'SKIPPED', error: 'skipped by everscore dlq skip' }
  const { key, value, headers } = encodeDeadLetter(place.topic, partition, record, letter)
  const batch = new RecordBatchBuilder()
  batch.add(now(), key, value, headers.bytes, headers.count)
  await producer.commit({
    outputs: [{ topic: `${config.TOPIC_PREFIX}dead-letters`, partition, batches: [batch] }],
    group: app,
    offsets: [{ topic, partition, offset: offset + 1 }],
  })
}

async function recordAt(client: KafkaClient, topic: string, place: RecordPlace): Promise<ConsumedRecord> {
  const { partition, offset } = place
  const { end } = await logRange(client, topic, partition)
  const fetcher = new Fetcher(client)
  try {
    const range = { from: offset, to: Math.min(offset + 1, end) }
    for await (const { records } of readPartition(fetcher, topic, partition, range)) {
      const record = records.find((each) => each.offset === offset)
      if (record) return record
    }
  } finally {
    await fetcher.close()
  }
  throw refused(place, 'there is no record')
}

function refused(place: RecordPlace, problem: string): AppError {
  const { topic, partition, offset } = place
  return new AppError('INPUT_INVALID', `${topic}/${partition}/${offset}: ${problem}`, { details: { ...place } })
}
