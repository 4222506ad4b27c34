import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../schemas/errors.ts'
import type { KafkaClient } from './client.ts'
import { type FetchedPartition, fetchCall } from './fetch-codec.ts'
import type { FetchedRecords } from './fetched-records.ts'
import { protocolError } from './internals.ts'
import { asKafkaError } from './kafka-error.ts'
import { type FoundBatches, findRecords } from './record-batch-reader.ts'

export interface FetchProgress {
  /** The position after this answer, control and aborted records included. */
  readonly position: number
  /** The end for a read_committed reader: records from `position` to here are known to exist, or are being skipped. */
  readonly lastStableOffset: number
  readonly highWatermark: number
  readonly logStartOffset: number
  readonly bytes: number
}

/** Takes what is fetched of one partition. */
export interface FetchSink {
  /** False while its queue is full: the partition is left out of fetches. */
  wantsMore(): boolean
  push(records: FetchedRecords, progress: FetchProgress): void
  /** The partition can't be read from this position; the subscription is closed. */
  failed(error: AppError): void
}

export interface Subscription {
  readonly topic: string
  readonly partition: number
  close(): void
}

export interface FetcherOptions {
  readonly maxWaitMs?: number
  readonly maxBytes?: number
  readonly partitionBytes?: number
  /** Least time from one fetch of a broker to the next: what is appended meanwhile comes with one answer. */
  readonly intervalMs?: number
  /** Called when brokers stop (an error) and start again (null) to answer. */
  readonly onHealth?: (error: AppError | null) => void
}

interface Active {
  readonly topic: string
  readonly partition: number
  readonly sink: FetchSink
  position: number
  open: boolean
}

/** Waits at most so long when some partition is paused, so that it is asked for again soon after it resumes. */
const PAUSED_WAIT_MS = 10
const RETRY_MS = 100
const GONE_TYPES = new Set(['OFFSET_OUT_OF_RANGE', 'UNKNOWN_TOPIC_OR_PARTITION', 'TOPIC_AUTHORIZATION_FAILED'])

/**
 * Reads any set of partitions, read_committed, each from a position of its own. The next fetch is under way while the
 * records of the last one are worked on; a partition whose sink is full is left out. Nothing is committed here.
 */
export class Fetcher {
  readonly #client: KafkaClient
  readonly #options: Required<Omit<FetcherOptions, 'onHealth'>> & FetcherOptions
  readonly #active = new Set<Active>()
  readonly #loops = new Map<number, Promise<void>>()
  readonly #wakers = new Set<() => void>()
  #closed = false

  constructor(client: KafkaClient, options: FetcherOptions = {}) {
    this.#client = client
    this.#options = {
      maxWaitMs: 100,
      maxBytes: 16 * 1024 * 1024,
      partitionBytes: 1024 * 1024,
      intervalMs: 0,
      ...options,
    }
  }

  subscribe(topic: string, partition: number, position: number, sink: FetchSink): Subscription {
    const leader = this.#client.leaderOf(topic, partition)
    const active: Active = { topic, partition, sink, position, open: true }
    this.#active.add(active)
    this.#startLoop(leader)
    this.wake()
    return {
      topic,
      partition,
      close: () => {
        active.open = false
        this.#active.delete(active)
      },
    }
  }

  /** Call when a sink wants records again. */
  wake(): void {
    for (const wake of [...this.#wakers]) wake()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.wake()
    for (const active of this.#active) active.open = false
    this.#active.clear()
    await Promise.race([Promise.all(this.#loops.values()), sleep(this.#options.maxWaitMs + 500)])
  }

  #startLoop(nodeId: number): void {
    if (this.#loops.has(nodeId)) return
    this.#loops.set(
      nodeId,
      this.#loop(nodeId).finally(() => this.#loops.delete(nodeId)),
    )
  }

  #startLoops(): void {
    for (const { topic, partition } of this.#active) this.#startLoop(this.#client.leaderOf(topic, partition))
  }

  async #loop(nodeId: number): Promise<void> {
    let healthy = true
    while (!this.#closed) {
      try {
        const mine = this.#ledBy(nodeId)
        const wanted = mine.filter((active) => active.sink.wantsMore())
        if (wanted.length === 0) {
          // The leaders may be known to have moved by other users of the connections, not by an answer to this loop.
          if (mine.length === 0) this.#startLoops()
          await this.#slept(mine.length === 0)
          continue
        }
        const startedAt = performance.now()
        await this.#fetch(nodeId, wanted, wanted.length < mine.length)
        if (!healthy) this.#options.onHealth?.(null)
        healthy = true
        const early = this.#options.intervalMs - (performance.now() - startedAt)
        if (early > 0) await sleep(early)
      } catch (error) {
        if (this.#closed) return
        if (healthy) this.#options.onHealth?.(asKafkaError(error, `fetching from broker ${nodeId}`))
        healthy = false
        await sleep(RETRY_MS)
        await this.#refresh()
      }
    }
  }

  #ledBy(nodeId: number): Active[] {
    return [...this.#active].filter((active) => this.#client.leaderOf(active.topic, active.partition) === nodeId)
  }

  async #slept(idle: boolean): Promise<void> {
    // What waited in vain is taken out again: while Redis is away, this goes round for hours.
    await new Promise<void>((resolve) => {
      const timer = idle ? undefined : setTimeout(done, PAUSED_WAIT_MS)
      const wakers = this.#wakers
      wakers.add(done)
      function done(): void {
        clearTimeout(timer)
        wakers.delete(done)
        resolve()
      }
    })
  }

  async #fetch(nodeId: number, wanted: Active[], somePaused: boolean): Promise<void> {
    const { maxBytes, partitionBytes } = this.#options
    const maxWaitMs = somePaused ? PAUSED_WAIT_MS : this.#options.maxWaitMs
    const asked = new Map(
      wanted.map((active) => [`${active.topic}/${active.partition}`, { active, from: active.position }]),
    )
    const targets = wanted.map(({ topic, partition, position }) => ({
      topic,
      partition,
      offset: position,
      maxBytes: partitionBytes,
    }))
    const broker = await this.#client.broker(nodeId)
    const answers = await broker.connectionPool.send(fetchCall(targets, { maxWaitMs, maxBytes }))
    let moved = false
    for (const answer of answers) {
      const target = asked.get(`${answer.topic}/${answer.partition}`)
      // Closed meanwhile, or closed and subscribed again elsewhere: the records are not for this subscription.
      if (!target?.active.open || target.active.position !== target.from) continue
      if (answer.errorCode !== 0) moved = this.#refused(target.active, answer) || moved
      else this.#deliver(target.active, answer)
    }
    if (moved) {
      await sleep(RETRY_MS)
      await this.#refresh()
    }
  }

  #deliver(active: Active, answer: FetchedPartition): void {
    let found: FoundBatches
    try {
      found = findRecords(answer.batches, active.position, answer.abortedTransactions)
    } catch (error) {
      // The others of this answer have nothing to do with it.
      this.#fail(active, asKafkaError(error, `decoding ${active.topic}/${active.partition}`), answer)
      return
    }
    const { records, nextOffset } = found
    active.position = nextOffset
    active.sink.push(records, {
      position: nextOffset,
      lastStableOffset: answer.lastStableOffset,
      highWatermark: answer.highWatermark,
      logStartOffset: answer.logStartOffset,
      bytes: answer.batches.length,
    })
  }

  /** @returns true when the leader may have moved. */
  #refused(active: Active, answer: FetchedPartition): boolean {
    const error = protocolError(answer.errorCode)
    if (!GONE_TYPES.has(error.type)) return true
    this.#fail(active, asKafkaError(error, `reading ${active.topic}/${active.partition}`), answer)
    return false
  }

  #fail(active: Active, error: AppError, { logStartOffset }: FetchedPartition): void {
    const { topic, partition, position } = active
    active.open = false
    this.#active.delete(active)
    const { code, cause, details } = error
    // What retention has removed is reported by whoever looks at the log again.
    const retryable = error.retryable || details['type'] === 'OFFSET_OUT_OF_RANGE'
    const where = { topic, partition, offset: position, logStartOffset }
    active.sink.failed(new AppError(code, error.message, { retryable, cause, details: { ...details, ...where } }))
  }

  async #refresh(): Promise<void> {
    try {
      await this.#client.refreshMetadata()
      this.#startLoops()
    } catch {
      // Still unreachable: the loop comes here again after its next try, and health was told.
    }
  }
}
