import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Fetcher, Subscription } from '../connectors/kafka/fetcher.ts'
import type { TopicPartition, TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import { wouldMove } from '../models/standing.ts'
import type { BasketDelta } from '../schemas/avro/basket-delta.ts'
import type { NpsDelta } from '../schemas/avro/nps-delta.ts'
import type { PopulationDelta } from '../schemas/avro/population-delta.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { ScoreSample } from '../schemas/avro/score-sample.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import { AppError } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import { decodeState } from '../schemas/state-codec.ts'
import { INPUT_TOPICS, type InputTopic } from '../schemas/topics.ts'
import type { SnapshotEntry, TimersRead } from '../state/state-store.ts'
import type { Scoring } from '../topology/scoring.ts'
import { BatchOutputs } from './batch-outputs.ts'
import { BatchProcessor, type Broadcast, type Moved } from './batch-processor.ts'
import { ChurnSnapshots } from './churn-snapshots.ts'
import { CustomerCache, writtenValue } from './customer-cache.ts'
import type { ErrorRate } from './error-rate.ts'
import { type InputLag, InputQueue, type TakenRecord } from './input-queue.ts'
import type { PartitionSession } from './partition-task.ts'
import { PopulationDeltas } from './population-deltas.ts'
import { PopulationSweep, type SweepProgress } from './population-sweep.ts'
import type { RefreshRate } from './refresh-rate.ts'
import { StreamTimes } from './stream-time.ts'
import { type TakeoverPorts, takeOver } from './takeover.ts'
import type { WorkerCounters } from './task-counters.ts'
import { type TakeLimits, TaskInputs } from './task-inputs.ts'
import { TaskTimers } from './task-timers.ts'
import { WindowDeltas } from './window-deltas.ts'

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
  readonly exampleCodec: AvroCodec<TrainingExample>
  readonly sampleCodec: AvroCodec<ScoreSample>
  readonly snapshotCodec: AvroCodec<TrainingExample>
  readonly populationDeltaCodec: AvroCodec<PopulationDelta>
  readonly npsDeltaCodec: AvroCodec<NpsDelta>
  readonly basketDeltaCodec: AvroCodec<BasketDelta>
  readonly inputCodecs: Readonly<Record<InputTopic, AvroCodec<InputEvent['event']>>>
  readonly newProducer: (partition: number) => TransactionalProducer
  readonly partitions: number
  readonly scoring: Scoring
  readonly broadcast: Broadcast
  readonly counters: WorkerCounters
  /** Of the worker. */
  readonly refreshRate: RefreshRate
  readonly onRestored: (partition: number) => Promise<void>
}

/**
 * Records of a session's first batch; each later one may have twice as many as the one before. After a takeover customers
 * have waited already: their first scores must not wait until all that came meanwhile is scored.
 */
const FIRST_BATCH_RECORDS = 256

/** How long nothing may come until it is looked whether thresholds have changed. */
const IDLE_MS = 500

/**
 * What a task does between a takeover and the next failure. A unit of work is one batch: process, one Kafka transaction
 * (outputs and input offsets), then one compare-and-set in Redis. Producer, cache, queues and buffers live as long as
 * the session: a request that was given up may still be reading the buffers of its record batches.
 */
export class TaskSession implements PartitionSession {
  readonly #partition: number
  readonly #ports: TaskPorts
  readonly #settings: TaskSettings
  readonly #cache: CustomerCache
  readonly #streamTimes = new StreamTimes()
  readonly #timers: TaskTimers
  readonly #processor: BatchProcessor
  readonly #outputs: BatchOutputs
  readonly #snapshots: ChurnSnapshots
  readonly #populationDeltas: PopulationDeltas
  readonly #windowDeltas: WindowDeltas
  readonly #sweep: PopulationSweep
  readonly #producer: TransactionalProducer
  readonly #stop: AbortSignal
  readonly #failed = new AbortController()
  #inputs: TaskInputs | null = null
  #subscriptions: Subscription[] = []
  #viewOffset = 0
  #snapshotOffset = 0
  #changelog = ''
  #confirming: Promise<void> = Promise.resolve()
  #confirmedBatch = 0
  #lastBatchAt = 0
  /** Where the batch before wrote: the next one most likely does too. */
  #expected: readonly TopicPartition[] = []

  /** @param stop ends it after the open batch */
  constructor(partition: number, ports: TaskPorts, settings: TaskSettings, errors: ErrorRate, stop: AbortSignal) {
    this.#partition = partition
    this.#ports = ports
    this.#settings = settings
    this.#stop = stop
    this.#producer = ports.newProducer(partition)
    this.#cache = new CustomerCache(settings.cacheCustomers)
    this.#outputs = new BatchOutputs(
      {
        customers: ports.topicName('customers'),
        scoreChanges: ports.topicName('score-changes'),
        deadLetters: ports.topicName('dead-letters'),
        examples: ports.topicName('training-examples'),
        samples: ports.topicName('score-samples'),
        snapshots: ports.topicName('churn-snapshots'),
      },
      partition,
    )
    this.#snapshots = new ChurnSnapshots(ports.snapshotCodec)
    this.#windowDeltas = new WindowDeltas({
      topics: { nps: ports.topicName('nps-deltas'), baskets: ports.topicName('basket-deltas') },
      partition,
      partitions: ports.partitions,
      npsCodec: ports.npsDeltaCodec,
      basketCodec: ports.basketDeltaCodec,
      streamTimes: this.#streamTimes,
    })
    this.#processor = new BatchProcessor({
      partition,
      partitions: ports.partitions,
      scoring: ports.scoring,
      broadcast: ports.broadcast,
      customerCodec: ports.customerCodec,
      changeCodec: ports.changeCodec,
      exampleCodec: ports.exampleCodec,
      sampleCodec: ports.sampleCodec,
      cache: this.#cache,
      snapshots: this.#snapshots,
      outputs: this.#outputs,
      streamTimes: this.#streamTimes,
      windowDeltas: this.#windowDeltas,
      errors,
      now: ports.now,
    })
    this.#timers = new TaskTimers({
      streamTimes: this.#streamTimes,
      settings: (tenantId) => ports.broadcast.settings(tenantId),
      now: ports.now,
      read: (before, limit) => this.#readTimers(before, limit),
    })
    this.#populationDeltas = new PopulationDeltas({
      topic: ports.topicName('population-deltas'),
      partition,
      partitions: ports.partitions,
      codec: ports.populationDeltaCodec,
      streamTimes: this.#streamTimes,
    })
    this.#sweep = new PopulationSweep({
      tenants: () => this.#streamTimes.all.keys(),
      versionOf: (tenantId) => {
        const thresholds = ports.broadcast.thresholds(tenantId)?.version ?? 0
        const models = ports.broadcast.modelsVersion(tenantId)
        return models === '' ? thresholds : `${thresholds} ${models}`
      },
      revision: () => ports.broadcast.thresholdsRevision + ports.broadcast.modelsRevision,
      scan: (tenantId, cursor, count) =>
        ports.store.scan(partition, this.#viewOffset, { tenantId, cursor, count }, this.#failed.signal),
    })
  }

  get hasWorked(): boolean {
    return this.#lastBatchAt > 0
  }

  lag(): readonly InputLag[] {
    return this.#inputs?.queues ?? []
  }

  refreshes(): readonly SweepProgress[] {
    return this.#sweep.progress
  }

  overdueMs(): number {
    return this.#timers.overdueMs()
  }

  async takeOver(onRestore: TakeoverPorts['onRestore']): Promise<void> {
    const { inputFetcher, inputCodecs, topicName, counters, onRestored } = this.#ports
    await this.#producer.open()
    const taken = await takeOver({ ...this.#ports, onRestore }, this.#partition, this.#stop)
    counters.takeovers++
    counters.restoredRecords += taken.restored
    counters.lostRecords += taken.lost
    await onRestored(this.#partition)
    this.#viewOffset = taken.viewOffset
    this.#snapshotOffset = taken.snapshotOffset
    this.#changelog = taken.changelog
    this.#streamTimes.restore(taken.streamTimes)
    this.#timers.restore()
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
      inputFetcher.subscribe(topicName(queue.topic), this.#partition, queue.position, queue),
    )
  }

  async work(): Promise<never> {
    const signal = AbortSignal.any([this.#stop, this.#failed.signal])
    const inputs = this.#inputs!
    let batch: TakenRecord[] = []
    let maxRecords = FIRST_BATCH_RECORDS
    for (;;) {
      if (batch.length === 0) {
        this.#cache.shrink(this.#confirmedBatch)
        const sweepMs = this.#sweep.isPending && this.#maySweep(inputs) ? this.#ports.refreshRate.waitMs() : IDLE_MS
        const patienceMs = Math.min(IDLE_MS, sweepMs, this.#timers.quietMs())
        const limits = {
          maxRecords: Math.min(maxRecords, this.#settings.maxRecords),
          maxBytes: this.#settings.maxBytes,
        }
        batch = await inputs.take(limits, signal, patienceMs)
        if (batch.length > 0) maxRecords = 2 * limits.maxRecords
        this.#timers.readUpTo(inputs.idleMs)
      }
      const moved = this.#maySweep(inputs) ? await this.#sweepOn() : []
      const due = await this.#timers.take(batch.length > 0)
      if (batch.length === 0 && moved.length === 0 && due.length === 0) continue
      // Timers alone may turn out to change nothing.
      if (batch.length > 0 || moved.length > 0) this.#producer.begin(this.#expected, this.#ports.group)
      const missing = this.#processor.prepare(batch, due)
      if (missing.length > 0) await this.#load(missing, signal)
      // Lets the requests out before the batch keeps the thread busy.
      else await nextTurn()
      const look = { due, clockOf: (tenantId: string) => this.#timers.clockOf(tenantId) }
      const done = this.#processor.process(batch, moved, look)
      this.#timers.putBack(due.slice(this.#processor.looked))
      const processed = done === batch.length ? batch : batch.slice(0, done)
      batch = done === batch.length ? [] : batch.slice(done)
      signal.throwIfAborted()
      await this.#commit(processed, this.#offsetsAfter(batch))
    }
  }

  /** Events that waited for a takeover go before a sweep. */
  #maySweep(inputs: TaskInputs): boolean {
    return this.hasWorked || inputs.idleMs !== null
  }

  async checkView(): Promise<void> {
    if (this.#ports.now() - this.#lastBatchAt < 1_000) return
    // A write that still waits for its answer, or for the end of an outage, will move the view to where it should be.
    await this.#confirming
    const expected = this.#viewOffset
    const position = await this.#ports.store.position(this.#partition, this.#failed.signal)
    if (position?.offset !== expected && this.#viewOffset === expected) this.abort(this.#foreign())
  }

  abort(reason: unknown): void {
    this.#failed.abort(reason)
  }

  async settled(): Promise<void> {
    await this.#confirming.catch(() => {
      // Not confirmed: the next owner restores what is missing from the changelog.
    })
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close()
    this.#subscriptions = []
    this.#inputs = null
  }

  /** Next offset of each topic when `rest` is still to be processed. */
  #offsetsAfter(rest: readonly TakenRecord[]): Map<InputTopic, number> {
    const offsets = new Map(this.#inputs!.queues.map((queue) => [queue.topic, queue.position]))
    for (let i = rest.length - 1; i >= 0; i--) offsets.set(rest[i]!.topic, rest[i]!.record.offset)
    return offsets
  }

  async #load(keys: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#confirming
    const values = await this.#ports.store.read(this.#partition, this.#viewOffset, keys, signal)
    for (const [i, key] of keys.entries()) {
      const value = values[i] ?? null
      const customer = value === null ? null : await this.#ports.customerCodec.decodeLoading(value)
      this.#cache.add(key, customer?.state ?? null, value?.length)
    }
  }

  /**
   * Goes on with the sweep, if new thresholds or models ask for one, by a page.
   * @returns customers, now in the cache, whom they move
   */
  async #sweepOn(): Promise<Moved[]> {
    const { broadcast, customerCodec, refreshRate } = this.#ports
    if (!this.#sweep.isPending || refreshRate.waitMs() > 0) return []
    await this.#confirming
    const moved: Moved[] = []
    for (const { key, value } of await this.#sweep.next(refreshRate.page)) {
      const stored = await customerCodec.decodeLoading(value)
      const known = this.#cache.get(key)
      const state = known === undefined ? decodeState(stored.state) : this.#cache.stateOf(known)
      if (state === null) continue
      const { tenantId } = stored
      const { lead, churn } = broadcast.models(tenantId)
      const thresholds = broadcast.thresholds(tenantId)
      const isOutdated = stored.lead.modelVersion !== lead.version || stored.churn.modelVersion !== churn.version
      const isMoved = thresholds !== null && wouldMove(state, thresholds, broadcast.settings(tenantId))
      if (!isOutdated && !isMoved) continue
      if (known === undefined) this.#cache.add(key, stored.state, value.length)
      moved.push({ key, cause: isOutdated ? 'model' : 'population' })
    }
    refreshRate.spend(moved.length)
    return moved
  }

  async #commit(processed: readonly TakenRecord[], offsets: Map<InputTopic, number>): Promise<void> {
    const { topicName, group, counters, now } = this.#ports
    const partition = this.#partition
    const scoredAt = now()
    const inputs = Object.fromEntries([...offsets].map(([topic, offset]) => [topicName(topic), offset]))
    const snapshots = await this.#snapshots.finish(this.#outputs, (keys) => this.#readSnapshots(keys))
    this.#processor.counts.examples += snapshots.examples
    const outputs = [
      ...this.#processor.finish(inputs),
      ...this.#populationDeltas.outputs(this.#processor.touched, scoredAt),
      ...this.#windowDeltas.outputs(scoredAt),
    ]
    let written: ReadonlyMap<string, number> = new Map()
    // Timers by which nothing moved only move in the view's index.
    if (processed.length > 0 || outputs.length > 0 || this.#producer.hasBegun) {
      const inputOffsets = Object.entries(inputs).map(([topic, offset]) => ({ topic, partition, offset }))
      written = await this.#producer.commit({ outputs, group, offsets: inputOffsets })
      this.#expected = outputs.map(({ topic, partition }) => ({ topic, partition }))
    }
    this.#processor.committed()
    this.#timers.planned(this.#processor.touched)
    this.#timers.planned(this.#processor.replanned)
    this.#lastBatchAt = now()
    counters.batches++
    counters.events.add(this.#processor.counts)
    counters.latency.add(processed, scoredAt, this.#lastBatchAt)
    const end = written.get(`${topicName('customers')}/${partition}`)
    this.#snapshotOffset = written.get(`${topicName('churn-snapshots')}/${partition}`) ?? this.#snapshotOffset
    await this.#confirming
    this.#confirming = this.#confirm(end ?? this.#viewOffset, inputs, snapshots.entries)
    this.#confirming.catch((error: unknown) => this.abort(error))
  }

  /** Step 3 of the unit: Redis. The next batch is processed and committed meanwhile; the one after that waits for it. */
  async #confirm(
    offset: number,
    inputs: Readonly<Record<string, number>>,
    snapshots: readonly SnapshotEntry[],
  ): Promise<void> {
    const expected = this.#viewOffset
    const { batch, touched, replanned } = this.#processor
    this.#viewOffset = offset
    const position = {
      offset,
      inputs,
      cluster: this.#ports.kafka.clusterId(),
      topic: this.#changelog,
      at: this.#lastBatchAt,
      streamTimes: this.#streamTimes.takeMoved(),
      snapshots: this.#snapshotOffset,
    }
    const entries = touched.map((customer) => ({
      key: customer.key,
      tenantId: customer.tenantId,
      customerId: customer.customerId,
      value: writtenValue(customer),
      probability: customer.probability,
      risk: customer.risk,
      newestAt: customer.newestAt,
      nextLookAt: customer.nextLookAt,
    }))
    const timers = replanned.map(({ tenantId, customerId, nextLookAt }) => ({ tenantId, customerId, nextLookAt }))
    const change = { expected, position, entries, timers, snapshots }
    const answer = await this.#ports.store.write(this.#partition, change, this.#failed.signal)
    if (answer === 'foreign') throw this.#foreign()
    this.#confirmedBatch = batch
  }

  async #readSnapshots(keys: readonly string[]): Promise<(Buffer | null)[]> {
    await this.#confirming
    return await this.#ports.store.readSnapshots(this.#partition, this.#viewOffset, keys, this.#failed.signal)
  }

  /** The index of timers, with all that this task has planned in it. */
  async #readTimers(before: ReadonlyMap<string, number>, limit: number): Promise<Map<string, TimersRead>> {
    await this.#confirming
    return await this.#ports.store.dueTimers(this.#partition, this.#viewOffset, before, limit, this.#failed.signal)
  }

  #foreign(): AppError {
    return new AppError('REDIS_FOREIGN', `the view of partition ${this.#partition} is not where this task left it`, {
      retryable: true,
      details: { partition: this.#partition },
    })
  }
}
