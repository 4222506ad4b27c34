import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { KafkaClient } from '../connectors/kafka/client.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { GroupMember } from '../connectors/kafka/group-member.ts'
import { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import { Registry } from '../connectors/registry/registry.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { encodeCustomer } from '../schemas/customer-encoder.ts'
import { AppError, messageOf } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import { type RedisKeys, redisKeys } from '../schemas/redis-keys.ts'
import { INPUT_TOPICS, type InputTopic, TOPICS } from '../schemas/topics.ts'
import { parseWorkerReport, REPORT_INTERVAL_MS } from '../schemas/worker-report.ts'
import { connectRedis, redisReady, refuseEviction } from '../state/redis-connection.ts'
import { RedisStore } from '../state/redis-store.ts'
import { createScoring } from '../topology/scoring.ts'
import { assignSticky } from './assignor.ts'
import { TopicBroadcast } from './broadcast.ts'
import type { Config } from './config.ts'
import { CustomerTask, type TaskPorts, type TaskSettings } from './customer-task.ts'
import { applicationId, kafkaSettings } from './kafka-settings.ts'
import type { Log } from './log.ts'
import { registerSchemas } from './schema-registration.ts'
import { WorkerCounters } from './task-counters.ts'
import { buildReport } from './worker-status.ts'

/** Transactions of a connection wait for one another; with more connections than this nothing was gained. */
const PRODUCER_LANES = 4
const REBUILDING_MARK_SECONDS = 30

export interface WorkerDeps {
  readonly log: Log
  readonly now: () => number
}

/** One process of the customer group: it works on the partitions that the group gives it. */
export class Worker {
  readonly #config: Config
  readonly #deps: WorkerDeps
  readonly #id = `worker-${randomUUID()}`
  readonly #counters = new WorkerCounters()
  readonly #tasks = new Map<number, CustomerTask>()
  readonly #leaving = new Map<number, Promise<void>>()
  readonly #closers: (() => Promise<void> | void)[] = []
  readonly #keys: RedisKeys
  #redis: Redis | null = null
  #ports: TaskPorts | null = null
  #settings: TaskSettings | null = null
  #member: GroupMember | null = null
  #lookedAt = 0
  #ticking = false
  #stopped = false

  constructor(config: Config, deps: WorkerDeps) {
    this.#config = config
    this.#deps = deps
    this.#keys = redisKeys(applicationId(config))
  }

  get id(): string {
    return this.#id
  }

  get counters(): WorkerCounters {
    return this.#counters
  }

  get tasks(): readonly CustomerTask[] {
    return [...this.#tasks.values()]
  }

  /**
   * Resolves when it has joined the group; partitions come after that.
   * @throws AppError when topics, schemas or Redis are not what the catalogue asks for
   */
  async start(): Promise<void> {
    const { log, now } = this.#deps
    const config = this.#config
    const app = applicationId(config)
    const topicName = (topic: string): string => config.TOPIC_PREFIX + topic
    const dataTopics = Object.values(TOPICS).map((spec) => topicName(spec.name))
    const connect = async (purpose: string): Promise<KafkaClient> => {
      const client = new KafkaClient(kafkaSettings(config, `${this.#id}-${purpose}`))
      this.#closers.push(() => client.close())
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

    this.#redis = connectRedis({ url: config.REDIS_URL })
    this.#closers.push(() => this.#redis?.disconnect())
    await redisReady(this.#redis)
    await refuseEviction(this.#redis)
    await this.#redis.hset(this.#keys.meta, 'partitions', partitions)
    const report = (server: string) => (error: AppError | null) =>
      log(error ? `${server} is unreachable: ${error.message}` : `${server} answers again`, { level: 'warn', server })
    const store = new RedisStore({ redis: this.#redis, keys: this.#keys, onHealth: report('redis') })

    const registry = new Registry(config.SCHEMA_REGISTRY_URL)
    const ids = await registerSchemas(registry, config.TOPIC_PREFIX, (spec) => spec.role === 'result')
    const codec = <T>(topic: keyof typeof TOPICS): AvroCodec<T> => {
      const { schema } = TOPICS[topic]
      if (schema === null) throw new AppError('INTERNAL', `${topic} has no schema`)
      const created = new AvroCodec<T>(schema, registry)
      const id = ids.get(topic)
      return id === undefined ? created : created.useId(id)
    }

    const fetcher = new Fetcher(logClient, { onHealth: report('kafka') })
    const inputFetcher = new Fetcher(inputClient, { onHealth: report('kafka') })
    this.#closers.push(
      () => fetcher.close(),
      () => inputFetcher.close(),
    )
    const broadcast = new TopicBroadcast(log)
    this.#closers.push(() => broadcast.close())
    await broadcast.start(kafka, fetcher, topicName('settings'))

    this.#settings = {
      maxRecords: config.BATCH_MAX_RECORDS,
      maxBytes: config.BATCH_MAX_BYTES,
      queueBytes: config.QUEUE_MAX_BYTES,
      mergeWaitMs: config.MERGE_WAIT_MS,
      cacheCustomers: Math.ceil(config.CACHE_CUSTOMERS / partitions),
    }
    this.#ports = {
      kafka,
      fetcher,
      inputFetcher,
      store,
      customerCodec: codec<Customer>('customers').useEncoder(encodeCustomer),
      changeCodec: codec<ScoreChange>('score-changes'),
      inputCodecs: Object.fromEntries(INPUT_TOPICS.map((topic) => [topic, codec(topic)])) as unknown as Record<
        InputTopic,
        AvroCodec<InputEvent['event']>
      >,
      group: app,
      topicName,
      partitions,
      scoring: createScoring(),
      broadcast,
      counters: this.#counters,
      now,
      log,
      newProducer: (partition) =>
        new TransactionalProducer({
          client: lanes[partition % lanes.length]!,
          transactionalId: `${app}-customers-${partition}`,
          transactionTimeoutMs: config.TRANSACTION_TIMEOUT_MS,
          requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
        }),
      confirms: async (partition) => (await this.#member?.confirms(partition)) ?? false,
      onRestore: async (progress) => {
        if (!progress.rebuilding) return
        const mark = JSON.stringify(progress)
        await asRedisError('marking a rebuild', () =>
          this.#redis?.set(this.#keys.rebuilding(progress.partition), mark, 'EX', REBUILDING_MARK_SECONDS),
        )
      },
      onRestored: async (partition) => {
        await asRedisError('unmarking a rebuild', () => this.#redis?.del(this.#keys.rebuilding(partition)))
      },
    }
    this.#member = new GroupMember({
      client: groupClient,
      group: app,
      topics: INPUT_TOPICS.map(topicName),
      partitions,
      assign: assignSticky,
      protocolName: 'everscore-sticky',
      sessionTimeoutMs: config.SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: config.SESSION_TIMEOUT_MS,
      heartbeatMs: config.HEARTBEAT_MS,
      onAssigned: (owned, generation) => this.#assigned(owned, generation),
      onHealth: report('kafka'),
    })
    this.#member.start()
    const timer = setInterval(() => void this.#tick(), REPORT_INTERVAL_MS)
    this.#closers.push(() => clearInterval(timer))
  }

  /** Ends the open batches, leaves the group and closes everything; may be called twice. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    await Promise.all(this.tasks.map((task) => task.stop()))
    await Promise.all(this.#leaving.values())
    await this.#member?.stop()
    await this.#redis?.hdel(this.#keys.workers, this.#id).catch(() => {
      // It goes stale by itself.
    })
    for (const close of this.#closers.reverse()) await close()
  }

  #assigned(owned: readonly number[], generation: number): void {
    const wanted = new Set(owned)
    for (const [partition, task] of this.#tasks) {
      if (wanted.has(partition)) continue
      this.#tasks.delete(partition)
      this.#leaving.set(
        partition,
        task.stop().finally(() => this.#leaving.delete(partition)),
      )
    }
    const added = owned.filter((partition) => !this.#tasks.has(partition))
    for (const partition of added) void this.#begin(partition)
    this.#deps.log('partitions assigned', { generation, partitions: owned, added })
  }

  async #begin(partition: number): Promise<void> {
    const task = new CustomerTask(partition, this.#ports!, this.#settings!)
    this.#tasks.set(partition, task)
    await this.#leaving.get(partition)
    if (this.#tasks.get(partition) === task && !this.#stopped) task.start()
  }

  async #forgetGoneWorkers(): Promise<void> {
    const now = this.#deps.now()
    if (!this.#redis || now - this.#lookedAt < GONE_MS / 10) return
    this.#lookedAt = now
    const reports = await this.#redis.hgetall(this.#keys.workers)
    const gone = Object.keys(reports).filter((id) => {
      const report = parseWorkerReport(reports[id]!)
      return report === undefined || now - report.at > GONE_MS
    })
    if (gone.length > 0) await this.#redis.hdel(this.#keys.workers, ...gone)
  }

  async #tick(): Promise<void> {
    // While Redis is away one tick waits for it, not one more every interval.
    if (this.#ticking) return
    this.#ticking = true
    try {
      await Promise.all(this.tasks.map((task) => task.checkView()))
      const report = buildReport(this.#id, this.tasks, this.#counters, this.#deps.now())
      await this.#redis?.hset(this.#keys.workers, this.#id, JSON.stringify(report))
      await this.#forgetGoneWorkers()
    } catch (error) {
      this.#deps.log(`report is not written: ${messageOf(error)}`, { level: 'debug' })
    } finally {
      this.#ticking = false
    }
  }
}

/** ioredis's own errors would look like a bug of ours, for which a partition is paused. */
async function asRedisError(doing: string, call: () => Promise<unknown> | undefined): Promise<void> {
  try {
    await call()
  } catch (error) {
    throw new AppError('REDIS_UNAVAILABLE', `${doing}: ${messageOf(error)}`, { retryable: true, cause: error })
  }
}

/** Reports of workers that were killed stay behind; after so long nobody wants to know of them. */
const GONE_MS = 10 * 60_000

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
