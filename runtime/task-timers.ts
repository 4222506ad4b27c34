import type { TenantSettings } from '../schemas/settings.ts'
import type { CachedCustomer } from './customer-cache.ts'
import { DueTimers, type ReadTimers } from './due-timers.ts'
import type { StreamTimes } from './stream-time.ts'

/** Timers of one batch that also has events: however many are due at once, events wait for so many at most. */
const TIMERS_BESIDE_EVENTS = 100
const TIMERS_ALONE = 200
/** The index is asked at most so often, but at once when nothing comes and a timer is known to be due. */
const LEAST_WAIT_MS = 50

export interface TaskTimersOptions {
  readonly streamTimes: StreamTimes
  readonly settings: (tenantId: string) => TenantSettings
  readonly now: () => number
  /** The index, at the position of the task. */
  readonly read: ReadTimers
  /** A read that nobody waits for has failed. */
  readonly onFailure: (error: unknown) => void
}

/** The timers of a task: what time it is for each tenant, and whose timer is due. */
export class TaskTimers {
  readonly #options: TaskTimersOptions
  readonly #due = new DueTimers()
  /** All records that there were by then have been taken, epoch ms; null while records wait. */
  #readUpTo: number | null = null
  /** performance.now() of the last time that the index was asked. */
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(options: TaskTimersOptions) {
    this.#options = options
  }

  /** Call after the stream times are restored. */
  restore(): void {
    this.#due.restore(this.#options.streamTimes.all.keys())
  }

  /** @param idleMs how long ago all there was to read had been taken; null while records wait */
  readUpTo(idleMs: number | null): void {
    this.#readUpTo = idleMs === null ? null : Math.floor(this.#options.now() - idleMs)
  }

  /**
   * The time before which timers fire without an event. With the event clock it is the stream time. With the wall clock it
   * is the worker's, but only once all records are taken that there were by then: as long as records wait, one of them
   * may show that its customer wasn't quiet, and only what the stream time has passed is certain.
   */
  clockOf(tenantId: string): number {
    const { streamTimes, settings, now } = this.#options
    const streamTime = streamTimes.of(tenantId)
    if (settings(tenantId).clock === 'event') return streamTime
    return this.#readUpTo ?? Math.min(now(), streamTime)
  }

  /** How long nothing will be due while no records come. */
  quietMs(): number {
    const quiet = this.#due.quietMs(
      (tenantId) => this.clockOf(tenantId),
      (tenantId) => this.#options.settings(tenantId).clock === 'wall',
    )
    return quiet === 0 ? 0 : Math.max(LEAST_WAIT_MS, quiet)
  }

  /** How long the first timer that is due has waited, by its tenant's clock; 0 without any. */
  overdueMs(): number {
    return this.#due.overdueMs((tenantId) => this.clockOf(tenantId))
  }

  /** Keys of customers to look at in a batch without events. */
  async takeAlone(): Promise<string[]> {
    await this.#readAhead()
    return this.#due.take(TIMERS_ALONE)
  }

  /** Those to look at beside events. They don't wait for the index: what it says goes with one of the next batches. */
  takeBesideEvents(): string[] {
    if (performance.now() - this.#askedAt >= LEAST_WAIT_MS) this.#readAhead().catch(this.#options.onFailure)
    return this.#due.take(TIMERS_BESIDE_EVENTS)
  }

  async #readAhead(): Promise<void> {
    await this.#due.readAhead(
      (tenantId) => this.clockOf(tenantId),
      (before, limit) => {
        this.#askedAt = performance.now()
        return this.#options.read(before, limit)
      },
    )
  }

  /** What there was no room for. */
  putBack(keys: readonly string[]): void {
    if (keys.length > 0) this.#due.putBack(keys)
  }

  /** Customers whose timers a batch has planned. */
  planned(customers: readonly CachedCustomer[]): void {
    for (const { tenantId, nextLookAt } of customers) if (nextLookAt !== 0) this.#due.planned(tenantId, nextLookAt)
  }
}
