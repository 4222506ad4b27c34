import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { messageOf } from '../schemas/errors.ts'
import { type RedisKeys, redisKeys } from '../schemas/redis-keys.ts'
import { parseWorkerReport, REPORT_INTERVAL_MS } from '../schemas/worker-report.ts'
import { countTimers } from '../state/count-timers.ts'
import { aggregateWork } from './aggregate-work.ts'
import type { Config } from './config.ts'
import { customerWork } from './customer-work.ts'
import { applicationId } from './kafka-settings.ts'
import type { Log } from './log.ts'
import { PartitionTask } from './partition-task.ts'
import { WorkerCounters } from './task-counters.ts'
import { TaskGroup } from './task-group.ts'
import type { TaskWork } from './task-work.ts'
import { connectWorker, reportHealth, type WorkerConnections } from './worker-connections.ts'
import { buildReport } from './worker-status.ts'

/** Reports of workers that were killed stay behind; after so long nobody wants to know of them. */
const GONE_MS = 10 * 60_000
/** Records that wait for scoring: with more than that, counting waits. */
const BEHIND_RECORDS = 1_000
/** Partitions that are taken over together are reported together. */
const TAKEN_OVER_MS = 20

type TaskKind = Config['TASKS'][number]

export interface WorkerDeps {
  readonly log: Log
  readonly now: () => number
}

/** One process of the consumer groups: it works on the partitions that they give it. */
export class Worker {
  readonly #config: Config
  readonly #deps: WorkerDeps
  readonly #id = `worker-${randomUUID()}`
  readonly #counters = new WorkerCounters()
  readonly #groups = new Map<TaskKind, TaskGroup>()
  readonly #closers: (() => Promise<void> | void)[] = []
  readonly #keys: RedisKeys
  #redis: Redis | null = null
  #lookedAt = 0
  #ticking = false
  #reportingSoon: NodeJS.Timeout | null = null
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

  /** Those that score customers. */
  get tasks(): readonly PartitionTask[] {
    return this.#groups.get('customers')?.tasks ?? []
  }

  get aggregateTasks(): readonly PartitionTask[] {
    return this.#groups.get('aggregates')?.tasks ?? []
  }

  /**
   * Resolves when it joins its groups; partitions come after that.
   * @throws AppError when topics, schemas or Redis are not what the catalogue asks for
   */
  async start(): Promise<void> {
    const { log, now } = this.#deps
    const connections = await connectWorker({
      config: this.#config,
      workerId: this.#id,
      keys: this.#keys,
      counters: this.#counters,
      log,
      now,
      closers: this.#closers,
    })
    this.#redis = connections.redis
    for (const kind of this.#config.TASKS) {
      const work = await (kind === 'customers'
        ? customerWork(connections)
        : aggregateWork(connections, () => this.#restFactor()))
      this.#groups.set(kind, this.#groupOf(work, connections))
    }
    for (const group of this.#groups.values()) group.start()
    const timer = setInterval(() => void this.#tick(), REPORT_INTERVAL_MS)
    this.#closers.push(() => clearInterval(timer))
  }

  /** Ends the open batches, leaves the group and closes everything; may be called twice. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    if (this.#reportingSoon !== null) clearTimeout(this.#reportingSoon)
    await Promise.all([...this.#groups.values()].map((group) => group.stop()))
    await this.#redis?.hdel(this.#keys.workers, this.#id).catch(() => {
      // It goes stale by itself.
    })
    for (const close of this.#closers.reverse()) await close()
  }

  #groupOf(work: TaskWork, { partitions, topicName }: WorkerConnections): TaskGroup {
    const { log } = this.#deps
    const config = this.#config
    return new TaskGroup({
      client: work.groupClient,
      group: work.group,
      topics: work.topics,
      partitions,
      sessionTimeoutMs: config.SESSION_TIMEOUT_MS,
      heartbeatMs: config.HEARTBEAT_MS,
      onHealth: reportHealth(log, 'kafka'),
      log,
      newTask: (partition, confirms) =>
        new PartitionTask({
          partition,
          topicName,
          onRestore: work.onRestore,
          log,
          counters: this.#counters,
          confirms,
          newSession: work.sessionsOf(partition),
          onRunning: () => this.#reportSoon(),
          pausedRetryMs: config.PAUSED_RETRY_MS,
        }),
    })
  }

  /** Counting takes half of the time beside scoring, and a quarter while scoring is behind. */
  #restFactor(): number {
    if (this.tasks.length === 0) return 0
    let waiting = 0
    for (const task of this.tasks) for (const { position, end } of task.lag()) waiting += end - position
    return waiting > BEHIND_RECORDS ? 3 : 1
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

  /** Readiness is judged by reports: one that waits for its turn would hold up whoever waits for a partition. */
  #reportSoon(): void {
    if (this.#stopped) return
    this.#reportingSoon ??= setTimeout(() => {
      this.#reportingSoon = null
      void this.#report().catch((error: unknown) => this.#notReported(error))
    }, TAKEN_OVER_MS)
  }

  #notReported(error: unknown): void {
    this.#deps.log(`report is not written: ${messageOf(error)}`, { level: 'debug' })
  }

  async #report(): Promise<void> {
    const redis = this.#redis
    if (redis === null) return
    const running = this.tasks.filter(({ state }) => state === 'running')
    const counts = running.map(
      async ({ partition }) => [partition, await countTimers(redis, this.#keys, partition)] as const,
    )
    const pendingTimers = new Map(await Promise.all(counts))
    const report = buildReport(this.#id, this, this.#counters, { now: this.#deps.now(), pendingTimers })
    await redis.hset(this.#keys.workers, this.#id, JSON.stringify(report))
  }

  async #tick(): Promise<void> {
    // While Redis is away one tick waits for it, not one more every interval.
    if (this.#ticking) return
    this.#ticking = true
    try {
      await Promise.all([...this.tasks, ...this.aggregateTasks].map((task) => task.checkView()))
      await this.#report()
      await this.#forgetGoneWorkers()
    } catch (error) {
      this.#notReported(error)
    } finally {
      this.#ticking = false
    }
  }
}
