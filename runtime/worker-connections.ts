import type { Redis } from 'ioredis'
import { KafkaClient } from '../connectors/kafka/client.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import { Registry } from '../connectors/registry/registry.ts'
import type { BasketDelta } from '../schemas/avro/basket-delta.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { NpsDelta } from '../schemas/avro/nps-delta.ts'
import type { PopulationDelta } from '../schemas/avro/population-delta.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { encodeCustomer } from '../schemas/customer-encoder.ts'
import { AppError, messageOf } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { RedisKeys } from '../schemas/redis-keys.ts'
import { INPUT_TOPICS, type InputTopic, TOPICS } from '../schemas/topics.ts'
import { REPORT_STALE_MS } from '../schemas/worker-report.ts'
import { connectRedis, redisReady, refuseEviction } from '../state/redis-connection.ts'
import { RedisStore } from '../state/redis-store.ts'
import { createScoring } from '../topology/scoring.ts'
import { TopicBroadcast } from './broadcast.ts'
import type { Config } from './config.ts'
import { applicationId, kafkaSettings } from './kafka-settings.ts'
import type { Log } from './log.ts'
import { registerSchemas } from './schema-registration.ts'
import { serverAddress } from './server-address.ts'
import type { WorkerCounters } from './task-counters.ts'
import type { TaskPorts, TaskSettings } from './task-session.ts'

/** Transactions of a connection wait for one another; with more connections than this nothing was gained. */
const PRODUCER_LANES = 4
/**
 * Outlives the last report of a worker that dies while it rebuilds. After both, a position that is missing or has no input
 * offsets still says that the view isn't whole.
 */
const REBUILDING_MARK_MS = 2 * REPORT_STALE_MS

export interface WorkerConnections {
  readonly ports: TaskPorts
  readonly settings: TaskSettings
  readonly redis: Redis
  readonly groupClient: KafkaClient
}

export interface ConnectOptions {
  readonly config: Config
  readonly workerId: string
  readonly keys: RedisKeys
  readonly counters: WorkerCounters
  readonly log: Log
  readonly now: () => number
  readonly confirms: TaskPorts['confirms']
  /** Gets what undoes each step; to be called in reverse, also after a failure half-way. */
  readonly closers: (() => Promise<void> | void)[]
}

/**
 * Connects all that tasks work with and checks that it is what the catalogue asks for.
 * @throws AppError TOPIC_MISMATCH, SCHEMA_INCOMPATIBLE, REDIS_EVICTS, or a retryable one for a server that is away
 */
export async function connectWorker(options: ConnectOptions): Promise<WorkerConnections> {
  const { config, workerId, keys, counters, log, now, confirms, closers } = options
  const app = applicationId(config)
  const topicName = (topic: string): string => config.TOPIC_PREFIX + topic
  const dataTopics = Object.values(TOPICS).map((spec) => topicName(spec.name))
  const connect = async (purpose: string): Promise<KafkaClient> => {
    const client = new KafkaClient(kafkaSettings(config, `${workerId}-${purpose}`))
    closers.push(() => client.close())
    await client.connect(dataTopics)
    return client
  }
  const kafka = await connect('offsets')
  const [groupClient, inputClient, logClient] = [
    await connect('group'),
    await connect('inputs'),
    await connect('changelog'),
  ]
  const lanes = await Promise.all(Array.from({ length: PRODUCER_LANES }, (_, lane) => connect(`producer-${lane}`)))
  const partitions = coPartitioned(kafka, topicName)

  const redis = connectRedis({ url: serverAddress(config, 'REDIS_URL') })
  closers.push(() => redis.disconnect())
  await redisReady(redis)
  await refuseEviction(redis)
  await redis.hset(keys.meta, 'partitions', partitions)
  const store = new RedisStore({ redis, keys, onHealth: reportHealth(log, 'redis') })

  const registry = new Registry(serverAddress(config, 'SCHEMA_REGISTRY_URL'))
  const ids = await registerSchemas(
    registry,
    config.TOPIC_PREFIX,
    ({ role }) => role === 'result' || role === 'internal',
  )
  const codec = <T>(topic: keyof typeof TOPICS): AvroCodec<T> => {
    const { schema } = TOPICS[topic]
    if (schema === null) throw new AppError('INTERNAL', `${topic} has no schema`)
    const created = new AvroCodec<T>(schema, registry)
    const id = ids.get(topic)
    return id === undefined ? created : created.useId(id)
  }

  const fetcher = new Fetcher(logClient, { onHealth: reportHealth(log, 'kafka') })
  const inputFetcher = new Fetcher(inputClient, { onHealth: reportHealth(log, 'kafka') })
  closers.push(
    () => fetcher.close(),
    () => inputFetcher.close(),
  )
  const broadcast = new TopicBroadcast(log)
  closers.push(() => broadcast.close())
  await broadcast.start(kafka, fetcher, topicName)

  const settings: TaskSettings = {
    maxRecords: config.BATCH_MAX_RECORDS,
    maxBytes: config.BATCH_MAX_BYTES,
    queueBytes: config.QUEUE_MAX_BYTES,
    mergeWaitMs: config.MERGE_WAIT_MS,
    pausedRetryMs: config.PAUSED_RETRY_MS,
    cacheCustomers: Math.ceil(config.CACHE_CUSTOMERS / partitions),
  }
  const ports: TaskPorts = {
    kafka,
    fetcher,
    inputFetcher,
    store,
    customerCodec: codec<Customer>('customers').useEncoder(encodeCustomer),
    changeCodec: codec<ScoreChange>('score-changes'),
    exampleCodec: codec<TrainingExample>('training-examples'),
    populationDeltaCodec: codec<PopulationDelta>('population-deltas'),
    npsDeltaCodec: codec<NpsDelta>('nps-deltas'),
    basketDeltaCodec: codec<BasketDelta>('basket-deltas'),
    inputCodecs: Object.fromEntries(INPUT_TOPICS.map((topic) => [topic, codec(topic)])) as unknown as Record<
      InputTopic,
      AvroCodec<InputEvent['event']>
    >,
    group: app,
    topicName,
    partitions,
    scoring: createScoring(),
    broadcast,
    counters,
    now,
    log,
    newProducer: (partition) =>
      new TransactionalProducer({
        client: lanes[partition % lanes.length]!,
        transactionalId: `${app}-customers-${partition}`,
        transactionTimeoutMs: config.TRANSACTION_TIMEOUT_MS,
        requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
      }),
    confirms,
    onRestore: async (progress) => {
      if (!progress.rebuilding) return
      const mark = JSON.stringify(progress)
      await asRedisError('marking a rebuild', () =>
        redis.set(keys.rebuilding(progress.partition), mark, 'PX', REBUILDING_MARK_MS),
      )
    },
    onRestored: async (partition) => {
      await asRedisError('unmarking a rebuild', () => redis.del(keys.rebuilding(partition)))
    },
  }
  return { ports, settings, redis, groupClient }
}

/** Says when a server stops to answer, and when it answers again. */
export function reportHealth(log: Log, server: string): (error: AppError | null) => void {
  return (error) =>
    log(error ? `${server} is unreachable: ${error.message}` : `${server} answers again`, { level: 'warn', server })
}

/** @throws AppError TOPIC_MISMATCH: partition p must hold the same customers in every topic */
function coPartitioned(kafka: KafkaClient, topicName: (topic: string) => string): number {
  const counts = Object.values(TOPICS)
    .filter((spec) => spec.partitions === 'data')
    .map((spec) => ({ topic: topicName(spec.name), partitions: kafka.partitionsOf(topicName(spec.name)) }))
  const [first] = counts
  const other = counts.find((each) => each.partitions !== first!.partitions)
  if (other) {
    throw new AppError(
      'TOPIC_MISMATCH',
      `${other.topic} has ${other.partitions} partitions, ${first!.topic} has ${first!.partitions}: they must be the same`,
      { details: { topic: other.topic } },
    )
  }
  return first!.partitions
}

/** ioredis's own errors would look like a bug of ours, for which a partition is paused. */
async function asRedisError(doing: string, call: () => Promise<unknown> | undefined): Promise<void> {
  try {
    await call()
  } catch (error) {
    throw new AppError('REDIS_UNAVAILABLE', `${doing}: ${messageOf(error)}`, { retryable: true, cause: error })
  }
}
