import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaClient } from '../connectors/kafka/client.ts'
import { FencedPublisher } from '../connectors/kafka/fenced-publisher.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { TopicBroadcast } from '../runtime/broadcast.ts'
import { BroadcastTopic } from '../runtime/broadcast-topic.ts'
import type { Config } from '../runtime/config.ts'
import { fitClvModels } from '../runtime/fit-clv.ts'
import { applicationId } from '../runtime/kafka-settings.ts'
import type { Log } from '../runtime/log.ts'
import { type Customer, customerSchema } from '../schemas/avro/customer.ts'
import { type TrainingExample, trainingExampleSchema } from '../schemas/avro/training-example.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { parseTrainingRequest, type TrainingRequest } from '../schemas/training-request.ts'
import { ClvSchedule } from '../trainer/clv-schedule.ts'
import { fitClvInThread } from '../trainer/fit-clv-in-thread.ts'
import { trainInThread } from '../trainer/train-in-thread.ts'
import { Trainer } from '../trainer/trainer.ts'

const TICK_MS = 500

export interface TermOptions {
  readonly config: Config
  readonly kafka: KafkaClient
  readonly log: Log
}

/**
 * The time in which this process is the trainer: it fences the one before, reads what there is to the end, and goes on
 * from there. It ends by the signal or by a failure, after which what was written may not be known: the next term reads it.
 * @throws AppError PRODUCER_FENCED when another took over; what servers answer; the signal's reason
 */
export async function serveTerm({ config, kafka, log }: TermOptions, signal: AbortSignal): Promise<never> {
  const topicName = (topic: string): string => config.TOPIC_PREFIX + topic
  const producer = new TransactionalProducer({
    client: kafka,
    transactionalId: `${applicationId(config)}-trainer`,
    transactionTimeoutMs: config.TRANSACTION_TIMEOUT_MS,
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
  })
  // First of all: what is read after that is the whole truth.
  await producer.open()
  const publisher = new FencedPublisher(producer, Date.now)
  const fetcher = new Fetcher(kafka)
  const broadcast = new TopicBroadcast(log)
  const requests = new Map<string, TrainingRequest>()
  const asked = new BroadcastTopic((json, key) => {
    requests.set(key, parseTrainingRequest(json))
    return null
  }, log)
  try {
    await broadcast.start(kafka, fetcher, topicName)
    await asked.start(kafka, fetcher, topicName('training-requests'))
    const trainer = new Trainer(
      {
        catalogue: broadcast.catalogue,
        requests,
        publish: (records) =>
          publisher.send(
            records.map(({ topic, key, value }) => ({
              topic: topicName(topic),
              partition: 0,
              key: Buffer.from(key),
              value: Buffer.from(JSON.stringify(value)),
            })),
          ),
        train: trainInThread,
        now: Date.now,
        log,
      },
      {
        everyExamples: config.TRAIN_EVERY_EXAMPLES,
        shared: config.TRAIN_SHARED,
        everyMs: config.TRAIN_EVERY_MS,
        mostExamples: config.TRAIN_MOST_EXAMPLES,
      },
    )
    const registry = new Registry(config.SCHEMA_REGISTRY_URL)
    const clvPorts = {
      kafka,
      fetcher,
      producer: publisher,
      customerCodec: new AvroCodec<Customer>(customerSchema, registry),
      settings: (tenantId: string) => broadcast.settings(tenantId),
      topicName,
      fit: fitClvInThread,
      now: Date.now,
    }
    const clv = new ClvSchedule(
      {
        *populations() {
          for (const [tenantId, { customers }] of broadcast.allThresholds()) yield [tenantId, customers]
        },
        fitModels: (until) => fitClvModels(clvPorts, null, until),
        now: Date.now,
        log,
      },
      config.CLV_EVERY_MS,
    )
    const readExamples = exampleReader({ kafka, fetcher, topic: topicName('training-examples'), registry, trainer })
    log('trainer is ready')
    for (;;) {
      await readExamples(signal)
      await trainer.tick(signal)
      await clv.tick(signal)
      await sleep(TICK_MS, undefined, { signal })
    }
  } finally {
    broadcast.close()
    asked.close()
    await fetcher.close()
  }
}

interface ReaderOptions {
  readonly kafka: KafkaClient
  readonly fetcher: Fetcher
  readonly topic: string
  readonly registry: Registry
  readonly trainer: Trainer
}

/** @returns what gives the trainer all examples that came since it was called last */
function exampleReader(options: ReaderOptions): (signal: AbortSignal) => Promise<void> {
  const { kafka, fetcher, topic, registry, trainer } = options
  const codec = new AvroCodec<TrainingExample>(trainingExampleSchema, registry)
  const positions = new Map<number, number>()
  return async (signal) => {
    for (let partition = 0; partition < kafka.partitionsOf(topic); partition++) {
      const { start, end } = await logRange(kafka, topic, partition)
      const from = Math.max(start, positions.get(partition) ?? 0)
      for await (const slice of readPartition(fetcher, topic, partition, { from, to: end }, signal)) {
        const examples = await Promise.all(
          slice.records.map(async ({ value, timestamp }) => ({
            example: value && (await codec.decodeLoading(value)),
            timestamp,
          })),
        )
        for (const { example, timestamp } of examples) if (example !== null) trainer.add(example, timestamp)
        positions.set(partition, slice.position)
      }
    }
  }
}
