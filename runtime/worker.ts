import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { GroupMember } from '../connectors/kafka/group-member.ts'
import { messageOf } from '../schemas/errors.ts'
import { type RedisKeys, redisKeys } from '../schemas/redis-keys.ts'
import { INPUT_TOPICS } from '../schemas/topics.ts'
import { parseWorkerReport, REPORT_INTERVAL_MS } from '../schemas/worker-report.ts'
import { assignSticky } from './assignor.ts'
import type { Config } from './config.ts'
import { CustomerTask } from './customer-task.ts'
import { applicationId } from './kafka-settings.ts'
import type { Log } from './log.ts'
import { WorkerCounters } from './task-counters.ts'
import type { TaskPorts, TaskSettings } from './task-session.ts'
import { connectWorker, reportHealth } from './worker-connections.ts'
import { buildReport } from './worker-status.ts'

/** Reports of workers that were killed stay behind; after so long nobody wants to know of them. */
const GONE_MS = 10 * 60_000

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
    const { ports, settings, redis, groupClient } = await connectWorker({
      config,
      workerId: this.#id,
      keys: this.#keys,
      counters: this.#counters,
      log,
      now,
      confirms: async (partition) => (await this.#member?.confirms(partition)) ?? false,
      closers: this.#closers,
    })
    this.#ports = ports
    this.#settings = settings
    this.#redis = redis
    this.#member = new GroupMember({
      client: groupClient,
      group: app,
      topics: INPUT_TOPICS.map(ports.topicName),
      partitions: ports.partitions,
      assign: assignSticky,
      protocolName: 'everscore-sticky',
      sessionTimeoutMs: config.SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: config.SESSION_TIMEOUT_MS,
      heartbeatMs: config.HEARTBEAT_MS,
      onAssigned: (owned, generation) => this.#assigned(owned, generation),
      onHealth: reportHealth(log, 'kafka'),
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
