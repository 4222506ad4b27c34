import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, messageOf } from '../schemas/errors.ts'
import type { InputLag } from './input-queue.ts'
import type { SweepProgress } from './population-sweep.ts'
import type { RestoreProgress, TakeoverPorts } from './takeover.ts'
import type { WorkerCounters } from './task-counters.ts'

export type TaskState = 'restoring' | 'running' | 'waiting' | 'paused'

const RETRY_MIN_MS = 50
const RETRY_MAX_MS = 1_000
const STOP_DEADLINE_MS = 5_000

/** What a task does between a takeover and the next failure. */
export interface PartitionSession {
  /** A batch was committed. */
  readonly hasWorked: boolean
  lag(): readonly InputLag[]
  /** Tenants whose stored scores are being made anew. */
  refreshes?(): readonly SweepProgress[]
  /** How long the first timer that is due has waited, ms of its tenant's clock; 0 without any. */
  overdueMs?(): number
  /** Fences the previous owner, restores what is missing and subscribes to the inputs. */
  takeOver(onRestore: TakeoverPorts['onRestore']): Promise<void>
  /** Works unit after unit. @throws what ended it: the stop signal's reason, or a failure after which all is done anew */
  work(): Promise<never>
  /** Finds a view that lost its data while no event came. */
  checkView(): Promise<void>
  /** Ends it where it waits. */
  abort(reason: unknown): void
  /** Resolves when Redis has confirmed, or will not confirm, the last batch. */
  settled(): Promise<void>
  close(): void
}

export interface PartitionTaskOptions extends Pick<TakeoverPorts, 'topicName' | 'onRestore' | 'log'> {
  readonly partition: number
  /** @param stop ends it after the open batch */
  readonly newSession: (stop: AbortSignal) => PartitionSession
  readonly counters: WorkerCounters
  /** See GroupMember.confirms. */
  readonly confirms: (partition: number) => Promise<boolean>
  /** It was taken over. */
  readonly onRunning: () => void
  readonly pausedRetryMs: number
}

/**
 * One partition of every input topic: takes it over, then works unit after unit. After any failure whose outcome may be
 * unknown the session is thrown away and the partition is taken over again, if it is still ours.
 */
export class PartitionTask {
  readonly partition: number
  readonly #options: PartitionTaskOptions
  readonly #stop = new AbortController()
  #session: PartitionSession | null = null
  #state: TaskState = 'restoring'
  #restore: RestoreProgress | null = null
  #failure: AppError | null = null
  #running: Promise<void> = Promise.resolve()

  constructor(options: PartitionTaskOptions) {
    this.partition = options.partition
    this.#options = options
  }

  get state(): TaskState {
    return this.#state
  }

  get restore(): RestoreProgress | null {
    return this.#restore
  }

  /** Why it waits or is paused; it stays while the next try may end at the same record. */
  get failure(): AppError | null {
    return this.#isMended ? null : this.#failure
  }

  lag(): readonly InputLag[] {
    return this.#session?.lag() ?? []
  }

  refreshes(): readonly SweepProgress[] {
    return this.#session?.refreshes?.() ?? []
  }

  /** See PartitionSession. */
  overdueMs(): number {
    return this.#session?.overdueMs?.() ?? 0
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Ends the open batch and lets the partition go. */
  async stop(): Promise<void> {
    this.#stop.abort(new AppError('NOT_OWNER', `partition ${this.partition} was let go`))
    await Promise.race([this.#running, sleep(STOP_DEADLINE_MS, undefined, { ref: false })])
    // A Redis that is away holds nobody up: the next owner restores what it lacks from the changelog.
    this.#session?.abort(this.#stop.signal.reason)
  }

  /** Finds a view that lost its data while no event came. */
  async checkView(): Promise<void> {
    if (this.#state === 'running') await this.#session?.checkView()
  }

  async #run(): Promise<void> {
    let wait = RETRY_MIN_MS
    while (!this.#stop.signal.aborted) {
      const session = this.#options.newSession(this.#stop.signal)
      this.#session = session
      try {
        await this.#serve(session)
      } catch (error) {
        // A batch whose transaction ended well is still being written to Redis.
        if (this.#stop.signal.aborted) await session.settled()
        this.#failure = this.failure
        // What it still asks a Redis that is away, nobody waits for.
        session.abort(error)
        session.close()
        if (this.#stop.signal.aborted) return
        if (this.#failure === null) wait = RETRY_MIN_MS
        wait = await this.#recover(error, wait)
      }
    }
  }

  /** The session is past what ended the one before: beyond that record, or at work where no record was to blame. */
  get #isMended(): boolean {
    if (this.#state !== 'running' || this.#session === null || this.#failure === null) return false
    const { topic, offset } = this.#failure.details
    const lag = this.lag()
    const its = lag.find((each) => each.topic === topic || this.#options.topicName(each.topic) === topic)
    if (its !== undefined && typeof offset === 'number') return its.position > offset
    return this.#session.hasWorked || lag.every(({ position, end }) => position >= end)
  }

  async #serve(session: PartitionSession): Promise<never> {
    this.#state = 'restoring'
    await session.takeOver((progress) => {
      this.#restore = progress
      return this.#options.onRestore(progress)
    })
    this.#restore = null
    this.#state = 'running'
    this.#options.onRunning()
    return await session.work()
  }

  /** Waits until the group says that the partition is still ours. @returns how long to wait the next time */
  async #recover(error: unknown, wait: number): Promise<number> {
    const failure = error instanceof AppError ? error : new AppError('INTERNAL', messageOf(error), { cause: error })
    this.#options.counters.abortedBatches++
    const passing = failure.retryable || failure.code === 'PRODUCER_FENCED' || failure.code === 'NOT_OWNER'
    const isNew = this.#failure?.message !== failure.message
    this.#failure = failure
    this.#state = passing ? 'waiting' : 'paused'
    if (isNew) {
      this.#options.log(failure.message, {
        level: passing ? 'warn' : 'error',
        code: failure.code,
        partition: this.partition,
        ...failure.details,
        ...(failure.code === 'INTERNAL' && failure.cause instanceof Error ? { stack: failure.cause.stack } : {}),
      })
    }
    await this.#pause(passing ? wait : this.#options.pausedRetryMs)
    while (!this.#stop.signal.aborted && !(await this.#isOurs())) await this.#pause(RETRY_MAX_MS / 4)
    return Math.min(wait * 2, RETRY_MAX_MS)
  }

  async #isOurs(): Promise<boolean> {
    try {
      return await this.#options.confirms(this.partition)
    } catch {
      // The group can't be asked now; the group member reports that.
      return false
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {
      // Stopped: the caller looks at the signal.
    })
  }
}
