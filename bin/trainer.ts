import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaClient } from '../connectors/kafka/client.ts'
import { EventProducer } from '../connectors/kafka/event-producer.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { TopicBroadcast } from '../runtime/broadcast.ts'
import { BroadcastTopic } from '../runtime/broadcast-topic.ts'
import { type Config, describeConfig, readConfig } from '../runtime/config.ts'
import { fitClvModels } from '../runtime/fit-clv.ts'
import { kafkaSettings } from '../runtime/kafka-settings.ts'
import { createLog, type Log } from '../runtime/log.ts'
import { type Customer, customerSchema } from '../schemas/avro/customer.ts'
import { type TrainingExample, trainingExampleSchema } from '../schemas/avro/training-example.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { AppError } from '../schemas/errors.ts'
import { parseTrainingRequest, type TrainingRequest } from '../schemas/training-request.ts'
import { ClvSchedule } from '../trainer/clv-schedule.ts'
import { fitClvInThread } from '../trainer/fit-clv-in-thread.ts'
import { trainInThread } from '../trainer/train-in-thread.ts'
import { Trainer } from '../trainer/trainer.ts'
import { onceAnswered } from './once-answered.ts'
import { stopSignal } from './signals.ts'

const HELP = `everscore trainer: learns models from training-examples until SIGTERM or SIGINT.

It trains for each tenant and kind when enough examples came, when time has passed, when the examples drift, and when it is
asked to (POST /v1/models/{kind}/train). It fits the models of customer lifetime value every CLV_EVERY_MS. Run one: a second one would only do the same work again.
The environment is described in docs/configuration.md.
`
const TICK_MS = 500
/** What a trainer does without an answer of a server: wait, and go on where it was. */
const RETRY_MS = 1_000

export async function runTrainer(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(HELP)
    return 0
  }
  const config = readConfig(env)
  const log = createLog(config.LOG_LEVEL, (line) => process.stderr.write(line), Date.now)
  const stopped = stopSignal()
  log('trainer starts', { config: describeConfig(config) })
  const trainer = await onceAnswered(() => openTrainer(config, log), log, stopped)
  if (trainer === null) return 0
  const stop = new AbortController()
  void stopped.then(() => stop.abort())
  try {
    log('trainer is ready')
    await trainer.run(stop.signal)
    return 0
  } finally {
    await trainer.close()
  }
}

export interface RunningTrainer {
  /** Until the signal; failures of servers are waited out. */
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** The trainer with all it needs. */
export async function openTrainer(config: Config, log: Log): Promise<RunningTrainer> {
  const topicName = (topic: string): string => config.TOPIC_PREFIX + topic
  const kafka = new KafkaClient(kafkaSettings(config, 'everscore-trainer'))
  const fetcher = new Fetcher(kafka)
  const broadcast = new TopicBroadcast(log)
  const requests = new Map<string, TrainingRequest>()
  const asked = new BroadcastTopic((json, key) => {
    requests.set(key, parseTrainingRequest(json))
    return null
  }, log)
  const close = async (): Promise<void> => {
    broadcast.close()
    asked.close()
    await fetcher.close()
    await kafka.close()
  }
  try {
    await kafka.connect(
      ['customers', ...TopicBroadcast.TOPICS, 'training-examples', 'training-requests'].map(topicName),
    )
    await broadcast.start(kafka, fetcher, topicName)
    await asked.start(kafka, fetcher, topicName('training-requests'))
  } catch (error) {
    await close()
    throw error
  }
  const producer = new EventProducer(kafka)
  const trainer = new Trainer(
    {
      catalogue: broadcast.catalogue,
      requests,
      publish: (records) =>
        producer.send(
          records.map(({ topic, key, value }) => ({
            topic: topicName(topic),
            key: Buffer.from(key),
            value: Buffer.from(JSON.stringify(value)),
            timestamp: Date.now(),
            partition: 0,
          })),
        ),
      train: trainInThread,
      now: Date.now,
      log,
    },
    {
      everyExamples: config.TRAIN_EVERY_EXAMPLES,
      everyMs: config.TRAIN_EVERY_MS,
      mostExamples: config.TRAIN_MOST_EXAMPLES,
    },
  )
  const registry = new Registry(config.SCHEMA_REGISTRY_URL)
  const clv = new ClvSchedule(
    {
      *populations() {
        for (const [tenantId, { customers }] of broadcast.allThresholds()) yield [tenantId, customers]
      },
      fit: (signal) =>
        fitClvModels(
          {
            kafka,
            fetcher,
            producer,
            customerCodec: new AvroCodec<Customer>(customerSchema, registry),
            settings: (tenantId) => broadcast.settings(tenantId),
            topicName,
            fit: fitClvInThread,
            now: Date.now,
          },
          null,
          signal,
        ),
      now: Date.now,
      log,
    },
    config.CLV_EVERY_MS,
  )
  const codec = new AvroCodec<TrainingExample>(trainingExampleSchema, registry)
  const topic = topicName('training-examples')
  const positions = new Map<number, number>()

  const readExamples = async (signal: AbortSignal): Promise<void> => {
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

  return {
    async run(signal) {
      while (!signal.aborted) {
        try {
          await readExamples(signal)
          await trainer.tick(signal)
          await clv.tick(signal)
          await sleep(TICK_MS, undefined, { signal })
        } catch (error) {
          if (signal.aborted) return
          if (!(error instanceof AppError) || !error.retryable) throw error
          log(`trainer waits: ${error.message}`, { level: 'warn', code: error.code })
          await sleep(RETRY_MS)
        }
      }
    },
    close,
  }
}
