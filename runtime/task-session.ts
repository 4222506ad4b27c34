import type { Subscription } from '../connectors/kafka/fetcher.ts'
import type { TransactionalProducer } from '../connectors/kafka/transactional-producer.ts'
import { wouldMove } from '../models/standing.ts'
import { decodeState } from '../schemas/state-codec.ts'
import { INPUT_TOPICS, type InputTopic } from '../schemas/topics.ts'
import type { Moved } from './batch-processor.ts'
import type { ErrorRate } from './error-rate.ts'
import { type InputLag, InputQueue } from './input-queue.ts'
import type { PartitionSession } from './partition-task.ts'
import type { SweepProgress } from './population-sweep.ts'
import { createSessionParts, type SessionParts, type TaskPorts, type TaskSettings } from './session-parts.ts'
import { sleepUntil } from './sleep-until.ts'
import type { TakenRecord } from './taken-record.ts'
import { type TakeoverPorts, takeOver } from './takeover.ts'
import { TaskInputs } from './task-inputs.ts'

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
  readonly #parts: SessionParts
  readonly #producer: TransactionalProducer
  readonly #stop: AbortSignal
  readonly #failed = new AbortController()
  #inputs: TaskInputs | null = null
  #subscriptions: Subscription[] = []
  #lastBatchAt = 0

  /** @param stop ends it after the open batch */
  constructor(partition: number, ports: TaskPorts, settings: TaskSettings, errors: ErrorRate, stop: AbortSignal) {
    this.#partition = partition
    this.#ports = ports
    this.#settings = settings
    this.#stop = stop
    this.#producer = ports.newProducer(partition)
    this.#parts = createSessionParts({
      partition,
      ports,
      settings,
      errors,
      signal: this.#failed.signal,
      onFailure: (error) => this.abort(error),
    })
  }

  get hasWorked(): boolean {
    return this.#lastBatchAt > 0
  }

  lag(): readonly InputLag[] {
    return this.#inputs?.queues ?? []
  }

  refreshes(): readonly SweepProgress[] {
    return this.#parts.sweep.progress
  }

  overdueMs(): number {
    return this.#parts.timers.overdueMs()
  }

  async takeOver(onRestore: TakeoverPorts['onRestore']): Promise<void> {
    const { inputFetcher, inputCodecs, topicName, counters, onRestored } = this.#ports
    await this.#producer.open()
    const taken = await takeOver({ ...this.#ports, onRestore }, this.#partition, this.#stop)
    counters.takeovers++
    counters.restoredRecords += taken.restored
    counters.lostRecords += taken.lost
    await onRestored(this.#partition)
    this.#parts.view.begin(taken)
    this.#parts.streamTimes.restore(taken.streamTimes)
    this.#parts.timers.restore()
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
    const { cache, view, sweep, timers, processor } = this.#parts
    let batch: TakenRecord[] = []
    let maxRecords = FIRST_BATCH_RECORDS
    let nextAt = 0
    for (;;) {
      if (batch.length === 0) {
        await sleepUntil(nextAt, signal)
        cache.shrink(view.confirmedBatch)
        const sweepMs = sweep.isPending && this.#maySweep(inputs) ? this.#ports.refreshRate.waitMs() : IDLE_MS
        const patienceMs = Math.min(IDLE_MS, sweepMs, timers.quietMs())
        const limits = {
          maxRecords: Math.min(maxRecords, this.#settings.maxRecords),
          maxBytes: this.#settings.maxBytes,
        }
        batch = await inputs.take(limits, signal, patienceMs)
        if (batch.length > 0) maxRecords = 2 * limits.maxRecords
        // Where more waits than a transaction takes, and where nothing came, the next one is not held back.
        const isPaced = batch.length > 0 && batch.length < limits.maxRecords
        nextAt = isPaced ? performance.now() + this.#settings.intervalMs : 0
        timers.readUpTo(inputs.idleMs)
      }
      const moved = this.#maySweep(inputs) ? await this.#sweepOn() : []
      const due = batch.length > 0 ? timers.takeBesideEvents() : await timers.takeAlone()
      if (batch.length === 0 && moved.length === 0 && due.length === 0) continue
      const missing = processor.prepare(batch, due)
      if (missing.length > 0) await this.#load(missing, signal)
      const look = { due, clockOf: (tenantId: string) => timers.clockOf(tenantId) }
      const done = processor.process(batch, moved, look)
      timers.putBack(due.slice(processor.looked))
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
    const wrong = await this.#parts.view.check()
    if (wrong !== null) this.abort(wrong)
  }

  abort(reason: unknown): void {
    this.#failed.abort(reason)
  }

  async settled(): Promise<void> {
    await this.#parts.view.settled()
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
    const values = await this.#parts.view.read(keys, signal)
    for (const [i, key] of keys.entries()) {
      const value = values[i] ?? null
      const customer = value === null ? null : await this.#ports.customerCodec.decodeLoading(value)
      this.#parts.cache.add(key, customer?.state ?? null, value?.length)
    }
  }

  /**
   * Goes on with the sweep, if new thresholds or models ask for one, by a page.
   * @returns customers, now in the cache, whom they move
   */
  async #sweepOn(): Promise<Moved[]> {
    const { broadcast, customerCodec, refreshRate } = this.#ports
    const { cache, sweep } = this.#parts
    if (!sweep.isPending || refreshRate.waitMs() > 0) return []
    const moved: Moved[] = []
    for (const { key, value } of await sweep.next(refreshRate.page)) {
      const stored = await customerCodec.decodeLoading(value)
      const known = cache.get(key)
      const state = known === undefined ? decodeState(stored.state) : cache.stateOf(known)
      if (state === null) continue
      const { tenantId } = stored
      const { lead, churn } = broadcast.models(tenantId)
      const thresholds = broadcast.thresholds(tenantId)
      const isOutdated = stored.lead.modelVersion !== lead.version || stored.churn.modelVersion !== churn.version
      const isMoved = thresholds !== null && wouldMove(state, thresholds, broadcast.settings(tenantId))
      if (!isOutdated && !isMoved) continue
      if (known === undefined) cache.add(key, stored.state, value.length)
      moved.push({ key, cause: isOutdated ? 'model' : 'population' })
    }
    refreshRate.spend(moved.length)
    return moved
  }

  async #commit(processed: readonly TakenRecord[], offsets: Map<InputTopic, number>): Promise<void> {
    const { topicName, group, counters, now } = this.#ports
    const { processor, outputs: made, snapshots, populationDeltas, windowDeltas, timers, view } = this.#parts
    const partition = this.#partition
    const scoredAt = now()
    const inputs = Object.fromEntries([...offsets].map(([topic, offset]) => [topicName(topic), offset]))
    const ended = await snapshots.finish(made, (keys) => view.readSnapshots(keys))
    processor.counts.examples += ended.examples
    const outputs = [
      ...processor.finish(inputs),
      ...populationDeltas.outputs(processor.touched, scoredAt),
      ...windowDeltas.outputs(scoredAt),
    ]
    let written: ReadonlyMap<string, number> = new Map()
    // Timers and sweeps by which nothing moved change no more than the view's index.
    if (processed.length > 0 || outputs.length > 0) {
      const inputOffsets = Object.entries(inputs).map(([topic, offset]) => ({ topic, partition, offset }))
      written = await this.#producer.commit({ outputs, group, offsets: inputOffsets })
    }
    processor.committed()
    timers.planned(processor.touched)
    timers.planned(processor.replanned)
    this.#lastBatchAt = now()
    counters.batches++
    counters.events.add(processor.counts)
    counters.latency.add(processed, scoredAt, this.#lastBatchAt)
    await view.write({
      batch: processor.batch,
      touched: processor.touched,
      replanned: processor.replanned,
      snapshots: ended.entries,
      inputs,
      end: written.get(`${topicName('customers')}/${partition}`),
      snapshotsEnd: written.get(`${topicName('churn-snapshots')}/${partition}`),
      at: this.#lastBatchAt,
    })
  }
}
