import type { Redis } from 'ioredis'
import { KafkaClient } from '../connectors/kafka/client.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { AppError, messageOf } from '../schemas/errors.ts'
import type { RedisKeys } from '../schemas/redis-keys.ts'
import { TOPICS } from '../schemas/topics.ts'
import { REPORT_STALE_MS } from '../schemas/worker-report.ts'
import { connectRedis, redisReady, refuseEviction } from '../state/redis-connection.ts'
import { TopicBroadcast } from './broadcast.ts'
import type { Broadcast } from './broadcast-port.ts'
import { warnOfPartitions } from './check-partitions.ts'
import type { Config } from './config.ts'
import { applicationId, kafkaSettings } from './kafka-settings.ts'
import type { Log } from './log.ts'
import { registerSchemas } from './schema-registration.ts'
import { requireServers } from './server-address.ts'
import type { RestoreProgress } from './takeover.ts'
import type { WorkerCounters } from './task-counters.ts'

/**
 * Every append ends a fetch that waits, and each fetch asks for all partitions. Tasks take what has come only every
 * TRANSACTION_INTERVAL_MS.
 */
export const FETCH_INTERVAL_MS = 5
/**
 * Outlives the last report of a worker that dies while it rebuilds. After both, a position that is missing or has no input
 * offsets still says that the view isn't whole.
 */
const REBUILDING_MARK_MS = 2 * REPORT_STALE_MS

export interface ConnectOptions {
  readonly config: Config
  readonly workerId: string
  readonly keys: RedisKeys
  readonly counters: WorkerCounters
  readonly log: Log
  readonly now: () => number
  /** Gets what undoes each step; to be called in reverse, also after a failure half-way. */
  readonly closers: (() => Promise<void> | void)[]
}

/** What the tasks of a worker share, of whatever kind they are. */
export interface WorkerConnections extends Omit<ConnectOptions, 'workerId' | 'closers'> {
  readonly kafka: KafkaClient
  /** Of all that isn't somebody's input: changelogs, settings, models. */
  readonly fetcher: Fetcher
  readonly broadcast: Broadcast
  readonly redis: Redis
  /** Of every topic of data. */
  readonly partitions: number
  /** Full name (with prefix) of a topic. */
  readonly topicName: (topic: string) => string
  /** Connections of their own, for what may wait there. */
  readonly connect: (purpose: string) => Promise<KafkaClient>
  readonly openFetcher: (client: KafkaClient, intervalMs: number) => Fetcher
  readonly codec: <T>(topic: keyof typeof TOPICS) => AvroCodec<T>
  /** @param kind first part of the transactional id */
  readonly newProducer: (client: KafkaClient, kind: string, partition: number) => TransactionalProducer
}

/**
 * Connects all that tasks work with and checks that it is what the catalogue asks for.
 * @throws AppError CONFIG_INVALID, TOPIC_MISMATCH, SCHEMA_INCOMPATIBLE, REDIS_EVICTS, or a retryable one for a server that is away
 */
export async function connectWorker({ workerId, closers, ...options }: ConnectOptions): Promise<WorkerConnections> {
  const { config, keys, log } = options
  requireServers(config)
  const topicName = (topic: string): string => config.TOPIC_PREFIX + topic
  const dataTopics = Object.values(TOPICS).map((spec) => topicName(spec.name))
  const connect = async (purpose: string): Promise<KafkaClient> => {
    const client = new KafkaClient(kafkaSettings(config, `${workerId}-${purpose}`))
    closers.push(() => client.close())
    await client.connect(dataTopics)
    return client
  }
  const openFetcher = (client: KafkaClient, intervalMs: number): Fetcher => {
    const opened = new Fetcher(client, { intervalMs, onHealth: reportHealth(log, 'kafka') })
    closers.push(() => opened.close())
    return opened
  }
  const kafka = await connect('offsets')
  const partitions = coPartitioned(kafka, topicName)
  warnOfPartitions(config, partitions, log)

  const redis = connectRedis({ url: config.REDIS_URL })
  closers.push(() => redis.disconnect())
  await redisReady(redis)
  await refuseEviction(redis)
  await redis.hset(keys.meta, 'partitions', partitions)

  const registry = new Registry(config.SCHEMA_REGISTRY_URL)
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

  const fetcher = openFetcher(await connect('changelog'), FETCH_INTERVAL_MS)
  const broadcast = new TopicBroadcast(log)
  closers.push(() => broadcast.close())
  await broadcast.start(kafka, fetcher, topicName)
  const newProducer: WorkerConnections['newProducer'] = (client, kind, partition) =>
    new TransactionalProducer({
      client,
      transactionalId: `${applicationId(config)}-${kind}-${partition}`,
      transactionTimeoutMs: config.TRANSACTION_TIMEOUT_MS,
      requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
      compression: config.COMPRESSION_TYPE,
    })
  return {
    ...options,
    kafka,
    fetcher,
    broadcast,
    redis,
    partitions,
    topicName,
    connect,
    openFetcher,
    codec,
    newProducer,
  }
}

/** Tells readers of a view that it is being rebuilt. */
export function rebuildMark(
  redis: Redis,
  keyOf: (partition: number) => string,
): { onRestore(progress: RestoreProgress): Promise<void>; onRestored(partition: number): Promise<void> } {
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
