import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaClient } from '../connectors/kafka/client.ts'
import { FencedPublisher } from '../connectors/kafka/fenced-publisher.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { TopicBroadcast } from '../runtime/broadcast.ts'
import { BroadcastTopic } from '../runtime/broadcast-topic.ts'
import type { Config } from '../runtime/config.ts'
import { fitClvModels } from '../runtime/fit-clv.ts'
import { applicationId } from '../runtime/kafka-settings.ts'
import type { Log } from '../runtime/log.ts'
import { type Customer, customerSchema } from '../schemas/avro/customer.ts'
import { type ScoreSample, scoreSampleSchema } from '../schemas/avro/score-sample.ts'
import { type TrainingExample, trainingExampleSchema } from '../schemas/avro/training-example.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { AppError } from '../schemas/errors.ts'
import { type ModelWatch, parseModelWatch } from '../schemas/model-watch.ts'
import { parseTrainingRequest, type TrainingRequest } from '../schemas/training-request.ts'
import { ClvSchedule } from '../trainer/clv-schedule.ts'
import { fitClvInThread } from '../trainer/fit-clv-in-thread.ts'
import { ScoreWatch } from '../trainer/score-watch.ts'
import { trainInThread } from '../trainer/train-in-thread.ts'
import { Trainer } from '../trainer/trainer.ts'
import { topicReader } from './topic-reader.ts'

const TICK_MS = 500
/** What models are watched by after a restart: the newest samples of each partition. */
const SAMPLES_AGAIN = 20_000

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
  const arrived = new Map<string, TrainingRequest>()
  const requests = new Map<string, TrainingRequest>()
  const asked = new BroadcastTopic((json, key) => {
    arrived.set(key, parseTrainingRequest(json))
    return null
  }, log)
  const known = new Map<string, ModelWatch>()
  const watched = new BroadcastTopic((json, key) => {
    known.set(key, parseModelWatch(json))
    return null
  }, log)
  const failed = new AbortController()
  const until = AbortSignal.any([signal, failed.signal])
  try {
    await broadcast.start(kafka, fetcher, topicName)
    await asked.start(kafka, fetcher, topicName('training-requests'))
    await watched.start(kafka, fetcher, topicName('model-watch'))
    const publish = (
      records: readonly { readonly topic: string; readonly key: string; readonly value: object }[],
    ): Promise<void> =>
      publisher.send(
        records.map(({ topic, key, value }) => ({
          topic: topicName(topic),
          partition: 0,
          key: Buffer.from(key),
          value: Buffer.from(JSON.stringify(value)),
        })),
      )
    const { catalogue } = broadcast
    const settings = (tenantId: string) => broadcast.settings(tenantId)
    const watch = new ScoreWatch({ catalogue, settings, known, publish, now: Date.now, log }, config.WATCH_EVERY_MS)
    const trainer = new Trainer(
      {
        catalogue,
        requests,
        publish,
        train: trainInThread,
        watch,
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
      settings,
      topicName,
      fit: fitClvInThread,
      now: Date.now,
    }
    const clv = new ClvSchedule(
      {
        *populations() {
          for (const [tenantId, { customers }] of broadcast.allThresholds()) yield [tenantId, customers]
        },
        fitModels: (stop) => fitClvModels(clvPorts, null, stop),
        now: Date.now,
        log,
      },
      config.CLV_EVERY_MS,
    )
    const read = { kafka, fetcher }
    const readExamples = topicReader({
      ...read,
      topic: topicName('training-examples'),
      codec: new AvroCodec<TrainingExample>(trainingExampleSchema, registry),
      take: (example, writtenAt) => {
        trainer.add(example, writtenAt)
        watch.addExample(example)
      },
    })
    const readSamples = topicReader({
      ...read,
      topic: topicName('score-samples'),
      codec: new AvroCodec<ScoreSample>(scoreSampleSchema, registry),
      newest: SAMPLES_AGAIN,
      take: (sample) => watch.addSample(sample),
    })
    await readExamples(until)
    await readSamples(until)
    log('trainer is ready')
    // Beside each other: models are watched also while one is learned.
    return await Promise.race([
      forEver(async () => {
        // Who asks for a training gets one of all the examples that were there when he asked.
        for (const [key, request] of arrived) requests.set(key, request)
        await readExamples(until)
        await trainer.tick(until)
        await clv.tick(until)
      }, until),
      forEver(async () => {
        await readSamples(until)
        await watch.tick()
      }, until),
    ])
  } finally {
    failed.abort(new AppError('NOT_OWNER', 'the term has ended'))
    broadcast.close()
    asked.close()
    watched.close()
    await fetcher.close()
  }
}

async function forEver(step: () => Promise<void>, signal: AbortSignal): Promise<never> {
  for (;;) {
    await step()
    await sleep(TICK_MS, undefined, { signal })
  }
}
