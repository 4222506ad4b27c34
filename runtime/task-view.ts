import { AppError } from '../schemas/errors.ts'
import type { CustomersPage, SnapshotEntry, StateStore, TimersRead } from '../state/state-store.ts'
import { type CachedCustomer, writtenValue } from './customer-cache.ts'
import type { StreamTimes } from './stream-time.ts'
import type { TakenOver } from './takeover.ts'
import { untilSettled } from './until-settled.ts'

/** A read of so few keys doesn't wait for the write before: it may have to be done twice. */
const CHEAP_KEYS = 100

export interface TaskViewOptions {
  readonly partition: number
  readonly store: StateStore
  readonly streamTimes: StreamTimes
  /** Of the Kafka cluster whose offsets these are. */
  readonly clusterId: () => string
  /** Gives waiting calls up. */
  readonly signal: AbortSignal
  /** A write that nobody waits for any more has failed: the session is over. */
  readonly onFailure: (error: unknown) => void
}

/** What a committed batch changes in the view. */
export interface CommittedBatch {
  readonly batch: number
  readonly touched: readonly CachedCustomer[]
  readonly replanned: readonly CachedCustomer[]
  readonly snapshots: readonly SnapshotEntry[]
  /** The next input offsets. */
  readonly inputs: Readonly<Record<string, number>>
  /** Where its records end in `customers` and `churn-snapshots`; undefined: it wrote none. */
  readonly end: number | undefined
  readonly snapshotsEnd: number | undefined
  /** When it was committed, epoch ms. */
  readonly at: number
}

/**
 * A task's part of the Redis view, which only the task moves on: every read and write names the position at which it left
 * the view and is refused anywhere else. Reads see all writes before them.
 */
export class TaskView {
  readonly #options: TaskViewOptions
  #offset = 0
  #snapshotOffset = 0
  #changelog = ''
  #writing: Promise<void> = Promise.resolve()
  #confirmedBatch = 0

  constructor(options: TaskViewOptions) {
    this.#options = options
  }

  /** The newest batch that the view is known to hold. */
  get confirmedBatch(): number {
    return this.#confirmedBatch
  }

  /** Begins where a takeover has brought the view. */
  begin({ viewOffset, snapshotOffset, changelog }: TakenOver): void {
    this.#offset = viewOffset
    this.#snapshotOffset = snapshotOffset
    this.#changelog = changelog
  }

  /** The `customers` values of keys; null: nobody. @param signal gives up sooner than the view's own */
  async read(keys: readonly string[], signal: AbortSignal): Promise<(Buffer | null)[]> {
    const { store, partition } = this.#options
    const read = (offset: number): Promise<(Buffer | null)[]> => store.read(partition, offset, keys, signal)
    // Every write that changes customers moves the position.
    if (keys.length > CHEAP_KEYS) await this.#writing
    return await this.#atPosition(read)
  }

  async readSnapshots(keys: readonly string[]): Promise<(Buffer | null)[]> {
    const { store, partition, signal } = this.#options
    await this.#writing
    return await store.readSnapshots(partition, this.#offset, keys, signal)
  }

  /** The index of timers, with all that this task has planned in it before. Batches may be written meanwhile. */
  async dueTimers(before: ReadonlyMap<string, number>, limit: number): Promise<Map<string, TimersRead>> {
    const { store, partition, signal } = this.#options
    await this.#writing
    return await this.#atPosition((offset) => store.dueTimers(partition, offset, before, limit, signal))
  }

  async scan(tenantId: string, cursor: string, count: number): Promise<CustomersPage> {
    const { store, partition, signal } = this.#options
    await this.#writing
    return await store.scan(partition, this.#offset, { tenantId, cursor, count }, signal)
  }

  /** A read beside which writes may be under way: asked again where one of them came, or has yet to come, before it. */
  async #atPosition<T>(read: (offset: number) => Promise<T>): Promise<T> {
    for (let settled = -1; ; ) {
      const offset = this.#offset
      try {
        return await read(offset)
      } catch (error) {
        if (offset === settled || !(error instanceof AppError && error.code === 'REDIS_FOREIGN')) throw error
        await untilSettled(() => this.#writing)
        settled = this.#offset
      }
    }
  }

  /**
   * Waits for the write before, and begins this one: the next batch is processed and committed meanwhile.
   * @throws AppError what ended the write before
   */
  async write(committed: CommittedBatch): Promise<void> {
    await this.#writing
    this.#writing = this.#send(committed)
    this.#writing.catch(this.#options.onFailure)
  }

  /** Finds a view that lost its data while nothing was written. @returns what is wrong with it */
  async check(): Promise<AppError | null> {
    const { store, partition, signal } = this.#options
    // A write that still waits for its answer, or for the end of an outage, will move the view to where it should be; the
    // next one may have begun behind it.
    await untilSettled(() => this.#writing)
    const expected = this.#offset
    const position = await store.position(partition, signal)
    return position?.offset !== expected && this.#offset === expected ? this.#foreign() : null
  }

  /** Resolves when Redis has confirmed, or will not confirm, the last batch. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => {
      // Not confirmed: the next owner restores what is missing from the changelog.
    })
  }

  async #send({ batch, touched, replanned, snapshots, inputs, end, snapshotsEnd, at }: CommittedBatch): Promise<void> {
    const { partition, store, streamTimes, clusterId, signal } = this.#options
    const expected = this.#offset
    this.#offset = end ?? this.#offset
    this.#snapshotOffset = snapshotsEnd ?? this.#snapshotOffset
    const position = {
      offset: this.#offset,
      inputs,
      cluster: clusterId(),
      topic: this.#changelog,
      at,
      streamTimes: streamTimes.takeMoved(),
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
    const answer = await store.write(partition, { expected, position, entries, timers, snapshots }, signal)
    if (answer === 'foreign') throw this.#foreign()
    this.#confirmedBatch = batch
  }

  #foreign(): AppError {
    const { partition } = this.#options
    return new AppError('REDIS_FOREIGN', `the view of partition ${partition} is not where this task left it`, {
      retryable: true,
      details: { partition },
    })
  }
}
