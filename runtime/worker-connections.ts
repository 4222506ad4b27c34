import type { Redis } from 'ioredis'
import { KafkaClient } from '../connectors/kafka/client.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import { Registry } from '../connectors/registry/registry.ts'
import type { BasketDelta } from '../schemas/avro/basket-delta.ts'
import type { CrossSell } from '../schemas/avro/cross-sell.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { Nps } from '../schemas/avro/nps.ts'
import type { NpsDelta } from '../schemas/avro/nps-delta.ts'
import type { PopulationDelta } from '../schemas/avro/population-delta.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { ScoreSample } from '../schemas/avro/score-sample.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { encodeCrossSell } from '../schemas/cross-sell-encoder.ts'
import { encodeCustomer } from '../schemas/customer-encoder.ts'
import { AppError, messageOf } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { RedisKeys } from '../schemas/redis-keys.ts'
import { encodeScoreChange } from '../schemas/score-change-encoder.ts'
import { INPUT_TOPICS, type InputTopic, TOPICS } from '../schemas/topics.ts'
import { REPORT_STALE_MS } from '../schemas/worker-report.ts'
import { connectRedis, redisReady, refuseEviction } from '../state/redis-connection.ts'
import { RedisResultStore } from '../state/redis-result-store.ts'
import { RedisStore } from '../state/redis-store.ts'
import { createScoring } from '../topology/scoring.ts'
import type { AggregatePorts, AggregateSettings } from './aggregate-session.ts'
import { TopicBroadcast } from './broadcast.ts'
import type { Config } from './config.ts'
import { aggregatesGroup, applicationId, kafkaSettings } from './kafka-settings.ts'
import type { Log } from './log.ts'
import { LARGEST_PAGE } from './population-sweep.ts'
import { RefreshRate } from './refresh-rate.ts'
import { registerSchemas } from './schema-registration.ts'
import { serverAddress } from './server-address.ts'
import type { TaskPorts, TaskSettings } from './session-parts.ts'
import type { WorkerCounters } from './task-counters.ts'
import { Yielding } from './yielding.ts'

/** Transactions of a connection wait for one another; with more connections than this nothing was gained. */
const PRODUCER_LANES = 4
/** Of deltas in one transaction: a delta costs far more than its bytes, and scoring waits for it. */
const AGGREGATE_BATCH_BYTES = 64 * 1024
/**
 * Every append ends a fetch that waits, and each fetch asks for all partitions. Tasks take what has come only every
 * TRANSACTION_INTERVAL_MS.
 */
const FETCH_INTERVAL_MS = 5
/** The same of deltas, which aggregate tasks take only every AGGREGATE_INTERVAL_MS: fetches in that time. */
const DELTA_FETCHES = 5
/**
 * Outlives the last report of a worker that dies while it rebuilds. After both, a position that is missing or has no input
 * offsets still says that the view isn't whole.
 */
const REBUILDING_MARK_MS = 2 * REPORT_STALE_MS

export interface WorkerConnections {
  readonly customers: TaskPorts
  readonly aggregates: AggregatePorts
  readonly settings: { readonly customers: TaskSettings; readonly aggregates: AggregateSettings }
  readonly redis: Redis
  /** Connections of their own: a request to join may wait for long. */
  readonly groupClients: { readonly customers: KafkaClient; readonly aggregates: KafkaClient }
}

export interface ConnectOptions {
  readonly config: Config
  readonly workerId: string
  readonly keys: RedisKeys
  readonly counters: WorkerCounters
  readonly log: Log
  readonly now: () => number
  /** See Yielding. */
  readonly restFactor: () => number
  /** Gets what undoes each step; to be called in reverse, also after a failure half-way. */
  readonly closers: (() => Promise<void> | void)[]
}

/**
 * Connects all that tasks work with and checks that it is what the catalogue asks for.
 * @throws AppError TOPIC_MISMATCH, SCHEMA_INCOMPATIBLE, REDIS_EVICTS, or a retryable one for a server that is away
 */
export async function connectWorker(options: ConnectOptions): Promise<WorkerConnections> {
  const { config, workerId, keys, counters, log, now, restFactor, closers } = options
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
  const groupClients = { customers: await connect('group'), aggregates: await connect('aggregate-group') }
  const inputClient = await connect('inputs')
  const deltaClient = await connect('deltas')
  const logClient = await connect('changelog')
  const lanes = await Promise.all(Array.from({ length: PRODUCER_LANES }, (_, lane) => connect(`producer-${lane}`)))
  const aggregateLane = await connect('producer-aggregates')
  const partitions = coPartitioned(kafka, topicName)

  const redis = connectRedis({ url: serverAddress(config, 'REDIS_URL') })
  closers.push(() => redis.disconnect())
  await redisReady(redis)
  await refuseEviction(redis)
  await redis.hset(keys.meta, 'partitions', partitions)
  const stored = { redis, keys, onHealth: reportHealth(log, 'redis') }

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

  const openFetcher = (client: KafkaClient, intervalMs: number): Fetcher => {
    const opened = new Fetcher(client, { intervalMs, onHealth: reportHealth(log, 'kafka') })
    closers.push(() => opened.close())
    return opened
  }
  const fetcher = openFetcher(logClient, FETCH_INTERVAL_MS)
  const inputFetcher = openFetcher(inputClient, FETCH_INTERVAL_MS)
  const deltaFetcher = openFetcher(deltaClient, config.AGGREGATE_INTERVAL_MS / DELTA_FETCHES)
  const broadcast = new TopicBroadcast(log)
  closers.push(() => broadcast.close())
  await broadcast.start(kafka, fetcher, topicName)

  const taskSettings: TaskSettings = {
    maxRecords: config.BATCH_MAX_RECORDS,
    maxBytes: config.BATCH_MAX_BYTES,
    queueBytes: config.QUEUE_MAX_BYTES,
    mergeWaitMs: config.MERGE_WAIT_MS,
    intervalMs: config.TRANSACTION_INTERVAL_MS,
    cacheCustomers: Math.ceil(config.CACHE_CUSTOMERS / partitions),
  }
  const aggregateSettings: AggregateSettings = {
    maxRecords: config.BATCH_MAX_RECORDS,
    maxBytes: AGGREGATE_BATCH_BYTES,
    queueBytes: config.QUEUE_MAX_BYTES,
    intervalMs: config.AGGREGATE_INTERVAL_MS,
  }
  const shared = { kafka, fetcher, topicName, partitions, counters, now, log }
  const newProducer = (kind: string, client: KafkaClient, partition: number): TransactionalProducer =>
    new TransactionalProducer({
      client,
      transactionalId: `${app}-${kind}-${partition}`,
      transactionTimeoutMs: config.TRANSACTION_TIMEOUT_MS,
      requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
      compression: config.COMPRESSION_TYPE,
    })
  const customers: TaskPorts = {
    ...shared,
    ...rebuildMark(redis, keys.rebuilding),
    inputFetcher,
    refreshRate: new RefreshRate(config.REFRESH_PER_SECOND, LARGEST_PAGE, now),
    store: new RedisStore(stored),
    customerCodec: codec<Customer>('customers').useEncoder(encodeCustomer),
    changeCodec: codec<ScoreChange>('score-changes').useEncoder(encodeScoreChange),
    exampleCodec: codec<TrainingExample>('training-examples'),
    sampleCodec: codec<ScoreSample>('score-samples'),
    snapshotCodec: codec<TrainingExample>('churn-snapshots'),
    populationDeltaCodec: codec<PopulationDelta>('population-deltas'),
    npsDeltaCodec: codec<NpsDelta>('nps-deltas'),
    basketDeltaCodec: codec<BasketDelta>('basket-deltas'),
    inputCodecs: Object.fromEntries(INPUT_TOPICS.map((topic) => [topic, codec(topic)])) as unknown as Record<
      InputTopic,
      AvroCodec<InputEvent['event']>
    >,
    group: app,
    scoring: createScoring(),
    broadcast,
    newProducer: (partition) => newProducer('customers', lanes[partition % lanes.length]!, partition),
  }
  const aggregates: AggregatePorts = {
    ...shared,
    ...rebuildMark(redis, keys.resultsRebuilding),
    deltaFetcher,
    store: new RedisResultStore(stored),
    codecs: { nps: codec<Nps>('nps'), crossSell: codec<CrossSell>('cross-sell').useEncoder(encodeCrossSell) },
    deltaCodecs: {
      'nps-deltas': codec<NpsDelta>('nps-deltas'),
      'basket-deltas': codec<BasketDelta>('basket-deltas'),
      'population-deltas': codec<PopulationDelta>('population-deltas'),
    },
    group: aggregatesGroup(config),
    settings: (tenantId) => broadcast.settings(tenantId),
    yielding: new Yielding(restFactor),
    newProducer: (partition) => newProducer('aggregates', aggregateLane, partition),
  }
  return {
    customers,
    aggregates,
    settings: { customers: taskSettings, aggregates: aggregateSettings },
    redis,
    groupClients,
  }
}

/** Tells readers of a view that it is being rebuilt. */
function rebuildMark(redis: Redis, keyOf: (partition: number) => string): Pick<TaskPorts, 'onRestore' | 'onRestored'> {
  return {
    onRestore: async (progress) => {
      if (!progress.rebuilding) return
      const mark = JSON.stringify(progress)
      await asRedisError('marking a rebuild', () =>
        redis.set(keyOf(progress.partition), mark, 'PX', REBUILDING_MARK_MS),
      )
    },
    onRestored: async (partition) => {
      await asRedisError('unmarking a rebuild', () => redis.del(keyOf(partition)))
    },
  }
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
