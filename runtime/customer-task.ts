import { setTimeout as sleep } from 'node:timers/promises'
import type { Fetcher, Subscription } from '../connectors/kafka/fetcher.ts'
import type { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import { AppError, messageOf } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import { decodeState } from '../schemas/state-codec.ts'
import { INPUT_TOPICS, type InputTopic } from '../schemas/topics.ts'
import type { Scoring } from '../topology/scoring.ts'
import { BatchOutputs } from './batch-outputs.ts'
import { BatchProcessor, type Broadcast } from './batch-processor.ts'
import { CustomerCache, cachedCustomer } from './customer-cache.ts'
import { ErrorRate } from './error-rate.ts'
import { InputQueue, type TakenRecord } from './input-queue.ts'
import { type RestoreProgress, type TakeoverPorts, takeOver } from './takeover.ts'
import type { WorkerCounters } from './task-counters.ts'
import { type TakeLimits, TaskInputs } from './task-inputs.ts'

export interface TaskSettings extends TakeLimits {
  /** Fetched records that wait, for each input topic, bytes. */
  readonly queueBytes: number
  readonly mergeWaitMs: number
  /** Customers kept in memory; up to twice as many. */
  readonly cacheCustomers: number
}

export interface TaskPorts extends TakeoverPorts {
  readonly inputFetcher: Fetcher
  readonly changeCodec: AvroCodec<ScoreChange>
  readonly inputCodecs: Readonly<Record<InputTopic, AvroCodec<InputEvent['event']>>>
  readonly newProducer: (partition: number) => TransactionalProducer
  /** See GroupMember.confirms. */
  readonly confirms: (partition: number) => Promise<boolean>
  readonly partitions: number
  readonly scoring: Scoring
  readonly broadcast: Broadcast
  readonly counters: WorkerCounters
  readonly onRestored: (partition: number) => Promise<void>
}

export type TaskState = 'restoring' | 'running' | 'waiting' | 'paused'

const RETRY_MIN_MS = 50
const RETRY_MAX_MS = 1_000
const PAUSED_RETRY_MS = 30_000
const STOP_DEADLINE_MS = 5_000

/**
 * One partition of every input topic: takes it over, then works unit after unit. A unit is one batch: process, one Kafka
 * transaction (outputs and input offsets), then one compare-and-set in Redis. After any failure whose outcome may be
 * unknown, producer, cache and queues are thrown away and the partition is taken over again, if it is still ours.
 */
export class CustomerTask {
  readonly partition: number
  readonly #ports: TaskPorts
  readonly #settings: TaskSettings
  #cache: CustomerCache
  #outputs: BatchOutputs
  #processor: BatchProcessor
  readonly #errors = new ErrorRate()
  readonly #stop = new AbortController()
  #session = new AbortController()
  #producer: TransactionalProducer | null = null
  #inputs: TaskInputs | null = null
  #subscriptions: Subscription[] = []
  #viewOffset = 0
  #confirming: Promise<void> = Promise.resolve()
  #confirmedBatch = 0
  #lastBatchAt = 0
  #state: TaskState = 'restoring'
  #restore: RestoreProgress | null = null
  #failure: AppError | null = null
  #running: Promise<void> = Promise.resolve()

  constructor(partition: number, ports: TaskPorts, settings: TaskSettings) {
    this.partition = partition
    this.#ports = ports
    this.#settings = settings
    ;({ cache: this.#cache, outputs: this.#outputs, processor: this.#processor } = this.#newSession())
  }

  /**
   * All that a failed batch may leave behind is made anew: a request that was given up may still be reading the buffers
   * of its record batches.
   */
  #newSession(): { cache: CustomerCache; outputs: BatchOutputs; processor: BatchProcessor } {
    const ports = this.#ports
    const { partition } = this
    const cache = new CustomerCache(this.#settings.cacheCustomers)
    const outputs = new BatchOutputs(
      {
        customers: ports.topicName('customers'),
        scoreChanges: ports.topicName('score-changes'),
        deadLetters: ports.topicName('dead-letters'),
      },
      partition,
    )
    const processor = new BatchProcessor({
      partition,
      partitions: ports.partitions,
      scoring: ports.scoring,
      broadcast: ports.broadcast,
      customerCodec: ports.customerCodec,
      changeCodec: ports.changeCodec,
      cache,
      outputs,
      errors: this.#errors,
      now: ports.now,
    })
    return { cache, outputs, processor }
  }

  get state(): TaskState {
    return this.#state
  }

  get restore(): RestoreProgress | null {
    return this.#restore
  }

  /** Why it waits or is paused. */
  get failure(): AppError | null {
    return this.#failure
  }

  lag(): { topic: InputTopic; position: number; end: number }[] {
    return (this.#inputs?.queues ?? []).map((queue) => ({
      topic: queue.topic,
      position: queue.position,
      end: queue.end,
    }))
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Ends the open batch and lets the partition go. */
  async stop(): Promise<void> {
    this.#stop.abort(new AppError('NOT_OWNER', `partition ${this.partition} was let go`))
    await Promise.race([this.#running, sleep(STOP_DEADLINE_MS, undefined, { ref: false })])
    // A Redis that is away holds nobody up: the next owner restores what it lacks from the changelog.
    this.#session.abort(this.#stop.signal.reason)
  }

  /** Finds a view that lost its data while no event came. */
  async checkView(): Promise<void> {
    if (this.#state !== 'running' || Date.now() - this.#lastBatchAt < 1_000) return
    const session = this.#session
    // A write that still waits for its answer, or for the end of an outage, will move the view to where it should be.
    await this.#confirming
    const expected = this.#viewOffset
    const position = await this.#ports.store.position(this.partition, session.signal)
    if (position?.offset !== expected && this.#viewOffset === expected) session.abort(this.#foreign())
  }

  async #run(): Promise<void> {
    let wait = RETRY_MIN_MS
    while (!this.#stop.signal.aborted) {
      const startedAt = performance.now()
      try {
        await this.#takeOver()
        await this.#work()
      } catch (error) {
        if (this.#stop.signal.aborted) break
        if (performance.now() - startedAt > RETRY_MAX_MS) wait = RETRY_MIN_MS
        wait = await this.#recover(error, wait)
      }
    }
    await this.#confirming.catch(() => {
      // Not confirmed: the next owner restores what is missing from the changelog.
    })
    this.#discard()
  }

  async #recover(error: unknown, wait: number): Promise<number> {
    const failure = error instanceof AppError ? error : new AppError('INTERNAL', messageOf(error), { cause: error })
    this.#ports.counters.abortedBatches++
    this.#discard()
    const passing = failure.retryable || failure.code === 'PRODUCER_FENCED' || failure.code === 'NOT_OWNER'
    const isNew = this.#failure?.message !== failure.message
    this.#failure = failure
    this.#state = passing ? 'waiting' : 'paused'
    if (isNew) {
      this.#ports.log(failure.message, {
        level: passing ? 'warn' : 'error',
        code: failure.code,
        partition: this.partition,
        ...failure.details,
        ...(failure.code === 'INTERNAL' && failure.cause instanceof Error ? { stack: failure.cause.stack } : {}),
      })
    }
    await this.#pause(passing ? wait : PAUSED_RETRY_MS)
    while (!this.#stop.signal.aborted && !(await this.#isOurs())) await this.#pause(RETRY_MAX_MS / 4)
    return Math.min(wait * 2, RETRY_MAX_MS)
  }

  async #isOurs(): Promise<boolean> {
    try {
      return await this.#ports.confirms(this.partition)
    } catch {
      // The group can't be asked now; the group member reports that.
      return false
    }
  }

  async #takeOver(): Promise<void> {
    const { inputFetcher, inputCodecs, topicName, counters } = this.#ports
    this.#state = 'restoring'
    this.#session = new AbortController()
    this.#producer = this.#ports.newProducer(this.partition)
    await this.#producer.open()
    const ports = {
      ...this.#ports,
      onRestore: (progress: RestoreProgress) => {
        this.#restore = progress
        return this.#ports.onRestore(progress)
      },
    }
    const taken = await takeOver(ports, this.partition, this.#stop.signal)
    counters.takeovers++
    counters.restoredRecords += taken.restored
    counters.lostRecords += taken.lost
    await this.#ports.onRestored(this.partition)
    this.#restore = null
    this.#viewOffset = taken.viewOffset
    this.#confirming = Promise.resolve()
    const queues = INPUT_TOPICS.map((topic) => {
      const { start, end } = taken.inputs.get(topic)!
      const queue = new InputQueue(topic, inputCodecs[topic], start, this.#settings.queueBytes, () => inputs.changed())
      queue.expectUntil(end)
      return queue
    })
    const inputs = new TaskInputs({
      queues,
      mergeWaitMs: this.#settings.mergeWaitMs,
      onRoom: () => inputFetcher.wake(),
    })
    this.#inputs = inputs
    this.#subscriptions = queues.map((queue) =>
      inputFetcher.subscribe(topicName(queue.topic), this.partition, queue.position, queue),
    )
    this.#failure = null
    this.#state = 'running'
  }

  async #work(): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, this.#session.signal])
    const inputs = this.#inputs!
    let batch: TakenRecord[] = []
    for (;;) {
      if (batch.length === 0) {
        this.#cache.shrink(this.#confirmedBatch)
        batch = await inputs.take(this.#settings, signal)
      }
      const missing = this.#processor.prepare(batch)
      if (missing.length > 0) await this.#load(missing, signal)
      this.#processor.begin()
      let done = 0
      while (done < batch.length && !this.#outputs.isFull) this.#processor.process(batch[done++]!)
      const processed = done === batch.length ? batch : batch.slice(0, done)
      batch = done === batch.length ? [] : batch.slice(done)
      signal.throwIfAborted()
      await this.#commit(processed, this.#offsetsAfter(batch))
    }
  }

  /** Next offset of each topic when `rest` is still to be processed. */
  #offsetsAfter(rest: readonly TakenRecord[]): Map<InputTopic, number> {
    const offsets = new Map(this.#inputs!.queues.map((queue) => [queue.topic, queue.position]))
    for (let i = rest.length - 1; i >= 0; i--) offsets.set(rest[i]!.topic, rest[i]!.record.offset)
    return offsets
  }

  async #load(keys: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#confirming
    const values = await this.#ports.store.read(this.partition, this.#viewOffset, keys, signal)
    for (const [i, key] of keys.entries()) {
      const value = values[i] ?? null
      const customer = value === null ? null : await this.#ports.customerCodec.decodeLoading(value)
      this.#cache.add(cachedCustomer(key, customer === null ? null : decodeState(customer.state)))
    }
  }

  async #commit(processed: readonly TakenRecord[], offsets: Map<InputTopic, number>): Promise<void> {
    const { topicName, group, counters, now } = this.#ports
    const { partition } = this
    const scoredAt = now()
    const inputs = Object.fromEntries([...offsets].map(([topic, offset]) => [topicName(topic), offset]))
    const records = this.#outputs.customers
    const written = await this.#producer!.commit({
      outputs: this.#outputs.finish(inputs),
      group,
      offsets: Object.entries(inputs).map(([topic, offset]) => ({ topic, partition, offset })),
    })
    this.#processor.committed()
    this.#lastBatchAt = now()
    counters.batches++
    counters.events.add(this.#processor.counts)
    for (const { record } of processed) {
      counters.latency.current.ingestToScore.add(scoredAt - record.timestamp)
      counters.latency.current.ingestToVisible.add(this.#lastBatchAt - record.timestamp)
    }
    const base = written.get(`${topicName('customers')}/${partition}`)
    await this.#confirming
    // It may end after a failure, in the time of the next session, which is none of its business.
    const session = this.#session
    this.#confirming = this.#confirm(session, base === undefined ? this.#viewOffset : base + records, inputs)
    this.#confirming.catch((error: unknown) => session.abort(error))
  }

  /** Step 3 of the unit: Redis. The next batch is processed meanwhile, but reads and commits nothing before it ends. */
  async #confirm(session: AbortController, offset: number, inputs: Readonly<Record<string, number>>): Promise<void> {
    const expected = this.#viewOffset
    const { batch, touched } = this.#processor
    this.#viewOffset = offset
    const position = {
      offset,
      inputs,
      cluster: this.#ports.kafka.clusterId(),
      topic: this.#ports.topicName('customers'),
      at: this.#lastBatchAt,
    }
    const entries = touched.map((customer) => ({
      key: customer.key,
      tenantId: customer.tenantId,
      customerId: customer.customerId,
      value: customer.value,
      probability: customer.probability,
      risk: customer.risk,
      newestAt: customer.state?.newestAt ?? 0,
    }))
    const answer = await this.#ports.store.write(this.partition, { expected, position, entries }, session.signal)
    if (answer === 'foreign') throw this.#foreign()
    if (this.#session === session) this.#confirmedBatch = batch
  }

  #foreign(): AppError {
    return new AppError('REDIS_FOREIGN', `the view of partition ${this.partition} is not where this task left it`, {
      retryable: true,
      details: { partition: this.partition },
    })
  }

  #discard(): void {
    for (const subscription of this.#subscriptions) subscription.close()
    this.#subscriptions = []
    this.#inputs = null
    this.#producer = null
    this.#confirmedBatch = 0
    ;({ cache: this.#cache, outputs: this.#outputs, processor: this.#processor } = this.#newSession())
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {
      // Stopped: the caller looks at the signal.
    })
  }
}
