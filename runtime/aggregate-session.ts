import type { AggregateChanges } from '../aggregates/changes.ts'
import { TaskAggregates } from '../aggregates/task-aggregates.ts'
import type { Fetcher, Subscription } from '../connectors/kafka/fetcher.ts'
import type { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import type { DeltaInput } from '../schemas/deltas.ts'
import { AppError } from '../schemas/errors.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { DELTA_TOPICS, type DeltaTopic } from '../schemas/topics.ts'
import { AggregateOutputs } from './aggregate-outputs.ts'
import { type AggregateTakeoverPorts, takeOverAggregates } from './aggregate-takeover.ts'
import { type DeadLetter, encodeDeadLetter } from './dead-letter.ts'
import { type InputLag, InputQueue } from './input-queue.ts'
import type { PartitionSession } from './partition-task.ts'
import { ReadTime } from './read-time.ts'
import { sleepUntil } from './sleep-until.ts'
import type { TakenRecord } from './taken-record.ts'
import { EventCounts, type WorkerCounters } from './task-counters.ts'
import { type TakeLimits, TaskInputs } from './task-inputs.ts'
import { untilSettled } from './until-settled.ts'
import type { Yielding } from './yielding.ts'

export interface AggregateSettings extends TakeLimits {
  /** Fetched records that wait, for each delta topic, bytes. */
  readonly queueBytes: number
  /** Least time from one unit of work to the next, ms, while the task isn't behind. */
  readonly intervalMs: number
}

export interface AggregatePorts extends AggregateTakeoverPorts {
  readonly deltaFetcher: Fetcher
  readonly deltaCodecs: { readonly [T in DeltaTopic]: AvroCodec<Extract<DeltaInput, { topic: T }>['event']> }
  readonly newProducer: (partition: number) => TransactionalProducer
  readonly partitions: number
  readonly settings: (tenantId: string) => TenantSettings
  readonly counters: WorkerCounters
  readonly onRestored: (partition: number) => Promise<void>
  /** Shared by the aggregate tasks of a worker. */
  readonly yielding: Yielding
}

/** Results in one transaction and one call of Redis, which answers nobody meanwhile; the rest is sent with the next. */
const MAX_RESULTS = 500

/**
 * What an aggregate task does between a takeover and the next failure: as TaskSession, but its state is in memory and
 * restored from `aggregate-state`, and a unit of work may have no input: windows close and results become due by time.
 */
export class AggregateSession implements PartitionSession {
  readonly #partition: number
  readonly #ports: AggregatePorts
  readonly #settings: AggregateSettings
  readonly #aggregates: TaskAggregates
  readonly #outputs: AggregateOutputs
  readonly #producer: TransactionalProducer
  readonly #counts = new EventCounts()
  readonly #stop: AbortSignal
  readonly #failed = new AbortController()
  #readTime = new ReadTime(0)
  #inputs: TaskInputs<DeltaInput> | null = null
  #subscriptions: Subscription[] = []
  #viewOffset = 0
  #resultOffsets: Readonly<Record<string, number>> = {}
  #changelog = ''
  #confirming: Promise<void> = Promise.resolve()
  #lastBatchAt = 0

  /** @param stop ends it after the open batch */
  constructor(partition: number, ports: AggregatePorts, settings: AggregateSettings, stop: AbortSignal) {
    const { partitions, topicName, codecs } = ports
    this.#partition = partition
    this.#ports = ports
    this.#settings = settings
    this.#stop = stop
    this.#aggregates = new TaskAggregates({ partitions, settings: ports.settings })
    this.#outputs = new AggregateOutputs({ topicName, partition, codecs })
    this.#producer = ports.newProducer(partition)
  }

  get hasWorked(): boolean {
    return this.#lastBatchAt > 0
  }

  lag(): readonly InputLag[] {
    return this.#inputs?.queues ?? []
  }

  async takeOver(onRestore: AggregatePorts['onRestore']): Promise<void> {
    const { counters, onRestored, deltaCodecs, deltaFetcher, topicName } = this.#ports
    await this.#producer.open()
    const taken = await takeOverAggregates({ ...this.#ports, onRestore }, this.#partition, this.#stop)
    await this.#ports.yielding.run(this.#restore(taken.entries))
    counters.aggregates.takeovers++
    counters.aggregates.restoredEntries += taken.entries.size
    counters.lostRecords += taken.lost
    await onRestored(this.#partition)
    this.#readTime = new ReadTime(taken.readUpTo)
    this.#changelog = taken.changelog
    this.#viewOffset = taken.view.offset
    this.#resultOffsets = taken.view.results
    const queues = DELTA_TOPICS.map((topic) => {
      const { start, end } = taken.inputs.get(topic)!
      // One of the union, whichever: topic and codec belong together.
      const codec = deltaCodecs[topic] as AvroCodec<DeltaInput['event']>
      const changed = (): void => inputs.changed()
      const queue = new InputQueue<DeltaInput>(topic, codec, start, this.#settings.queueBytes, changed)
      queue.expectUntil(end)
      return queue
    })
    const inputs = new TaskInputs({ queues, mergeWaitMs: 0, onRoom: () => deltaFetcher.wake() })
    this.#inputs = inputs
    this.#subscriptions = queues.map((queue) =>
      deltaFetcher.subscribe(topicName(queue.topic), this.#partition, queue.position, queue),
    )
  }

  async work(): Promise<never> {
    const signal = AbortSignal.any([this.#stop, this.#failed.signal])
    const inputs = this.#inputs!
    for (let isMore = false; ; ) {
      const began = performance.now()
      const batch = await inputs.take(this.#settings, signal, isMore ? 0 : this.#settings.intervalMs)
      const changes = await this.#apply(batch)
      if (batch.length > 0 || changes.entries.length > 0 || changes.results.length > 0) await this.#commit(changes)
      isMore = changes.results.length >= MAX_RESULTS
      if (!isMore && inputs.queues.every((queue) => queue.wantsMore())) {
        await sleepUntil(began + this.#settings.intervalMs, signal)
      }
      await this.#ports.yielding.rest(signal)
      signal.throwIfAborted()
    }
  }

  /** Finds a view that lost its data while nothing came. */
  async checkView(): Promise<void> {
    if (this.#ports.now() - this.#lastBatchAt < 1_000) return
    // As TaskView.check.
    await untilSettled(() => this.#confirming)
    const expected = this.#viewOffset
    const position = await this.#ports.store.position(this.#partition, this.#failed.signal)
    if (position?.offset !== expected && this.#viewOffset === expected) this.abort(this.#foreign())
  }

  abort(reason: unknown): void {
    this.#failed.abort(reason)
  }

  async settled(): Promise<void> {
    await this.#confirming.catch(() => {
      // Not confirmed: the next owner restores what is missing from the result topics.
    })
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close()
    this.#subscriptions = []
    this.#inputs = null
  }

  *#restore(entries: ReadonlyMap<string, Buffer>): Generator<void> {
    for (const [key, value] of entries) {
      this.#aggregates.restore(key, value)
      yield
    }
  }

  async #apply(batch: readonly TakenRecord<DeltaInput>[]): Promise<AggregateChanges> {
    const now = this.#ports.now()
    this.#counts.clear()
    this.#outputs.reset(now)
    return await this.#ports.yielding.run(this.#steps(batch, now))
  }

  *#steps(batch: readonly TakenRecord<DeltaInput>[], now: number): Generator<void, AggregateChanges> {
    for (const taken of batch) {
      const refusal = yield* this.#add(taken)
      this.#readTime.read(taken.topic, taken.record.timestamp)
      if (refusal !== null) {
        this.#outputs.deadLetter(encodeDeadLetter(taken.topic, this.#partition, taken.record, refusal))
        this.#counts.deadLettered(refusal.reason)
      }
      yield
    }
    const readUpTo = this.#readTime.upTo(now, this.#inputs!.queues)
    return yield* this.#aggregates.flush({ now, readUpTo }, MAX_RESULTS)
  }

  *#add(taken: TakenRecord<DeltaInput>): Generator<void, DeadLetter | null> {
    const input = taken.readOrRefuse()
    if (taken.refused !== null) return taken.refused
    if (input === null) return { stage: 'decode', reason: 'NULL_VALUE', error: 'value is null' }
    const refusal = yield* this.#aggregates.add(input, taken.record.timestamp)
    return refusal === null ? null : { stage: 'window', ...refusal }
  }

  async #commit(changes: AggregateChanges): Promise<void> {
    const { topicName, group, counters, now } = this.#ports
    const partition = this.#partition
    const inputs = Object.fromEntries(this.#inputs!.queues.map(({ topic, position }) => [topicName(topic), position]))
    const finish = this.#outputs.finish(changes, { inputs, readUpTo: this.#readTime.last })
    const outputs = await this.#ports.yielding.run(finish)
    const written = await this.#producer.commit({
      outputs,
      group,
      offsets: Object.entries(inputs).map(([topic, offset]) => ({ topic, partition, offset })),
    })
    this.#lastBatchAt = now()
    counters.aggregates.batches++
    counters.aggregates.results += changes.results.length
    counters.events.add(this.#counts)
    const endOf = (topic: string): number | undefined => written.get(`${topic}/${partition}`)
    const results = Object.fromEntries(
      Object.entries(this.#resultOffsets).map(([topic, offset]) => [topic, endOf(topic) ?? offset]),
    )
    await this.#confirming
    this.#confirming = this.#confirm(endOf(topicName('aggregate-state'))!, results)
    this.#confirming.catch((error: unknown) => this.abort(error))
  }

  /** Step 3 of the unit: Redis. The next batch is counted and committed meanwhile; the one after that waits for it. */
  async #confirm(offset: number, results: Readonly<Record<string, number>>): Promise<void> {
    const expected = this.#viewOffset
    this.#viewOffset = offset
    this.#resultOffsets = results
    const position = {
      offset,
      inputs: results,
      cluster: this.#ports.kafka.clusterId(),
      topic: this.#changelog,
      at: this.#lastBatchAt,
      streamTimes: new Map(),
    }
    const change = { expected, position, entries: this.#outputs.results }
    const answer = await this.#ports.store.write(this.#partition, change, this.#failed.signal)
    if (answer === 'foreign') throw this.#foreign()
  }

  #foreign(): AppError {
    return new AppError(
      'REDIS_FOREIGN',
      `the results of partition ${this.#partition} are not where this task left them`,
      {
        retryable: true,
        details: { partition: this.#partition },
      },
    )
  }
}
