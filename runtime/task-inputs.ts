import { SchemaNeeded } from '../schemas/codec.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { InputQueue } from './input-queue.ts'
import type { TakenRecord, TaskInput } from './taken-record.ts'

export interface TakeLimits {
  readonly maxRecords: number
  readonly maxBytes: number
}

export interface TaskInputsOptions<I extends TaskInput> {
  /** In the order in which events of one instant are taken. */
  readonly queues: readonly InputQueue<I>[]
  /** How long an empty queue of a topic that is known to hold more is waited for, ms; Infinity in a replay. */
  readonly mergeWaitMs: number
  /** Called when queues have room again. */
  readonly onRoom: () => void
}

/** Merges a partition's input topics into one stream, smallest event time among the queues' heads first. */
export class TaskInputs<I extends TaskInput = InputEvent> {
  readonly #queues: readonly InputQueue<I>[]
  readonly #mergeWaitMs: number
  readonly #onRoom: () => void
  #wake: (() => void) | null = null

  constructor(options: TaskInputsOptions<I>) {
    this.#queues = options.queues
    this.#mergeWaitMs = options.mergeWaitMs
    this.#onRoom = options.onRoom
  }

  get queues(): readonly InputQueue<I>[] {
    return this.#queues
  }

  /** Call when a queue changed. */
  changed(): void {
    this.#wake?.()
    this.#wake = null
  }

  /** How long ago everything that there was to read had been taken, ms; null while something waits. */
  get idleMs(): number | null {
    if (this.#queues.some((queue) => !queue.isEmpty || queue.hasUnread)) return null
    const idle = performance.now() - Math.min(...this.#queues.map((queue) => queue.fetchedAt))
    return Number.isFinite(idle) ? idle : null
  }

  /**
   * Waits for records and takes a batch of them; none only if there are none for `patienceMs`.
   * @throws AppError when a topic can't be read on; the signal's reason when it aborts
   */
  async take(
    limits: TakeLimits,
    signal: AbortSignal,
    patienceMs = Number.POSITIVE_INFINITY,
  ): Promise<TakenRecord<I>[]> {
    let waitUntil = 0
    const giveUpAt = performance.now() + patienceMs
    for (;;) {
      signal.throwIfAborted()
      const missing = this.#queues.filter((queue) => queue.isEmpty && queue.hasUnread)
      const anything = this.#queues.some((queue) => !queue.isEmpty)
      if (!anything) {
        waitUntil = 0
        // A queue whose partition failed says so here.
        for (const queue of this.#queues) queue.peek()
        const left = giveUpAt - performance.now()
        if (left <= 0) return []
        await this.#changes(left, signal)
        continue
      }
      if (missing.length > 0) {
        waitUntil ||= performance.now() + this.#mergeWaitMs
        const left = waitUntil - performance.now()
        if (left > 0) {
          await this.#changes(left, signal)
          continue
        }
      }
      const batch = this.#merge(limits, missing)
      if (!(batch instanceof SchemaNeeded)) {
        this.#onRoom()
        return batch
      }
      for (const queue of this.#queues) {
        const head = queue.peek()
        if (head instanceof SchemaNeeded) await queue.loadSchema(head.id)
      }
    }
  }

  /**
   * A batch, or the schema that its first record needs.
   * @param givenUp queues that were waited for in vain: without them the others would go on one record a wait
   */
  #merge({ maxRecords, maxBytes }: TakeLimits, givenUp: readonly InputQueue<I>[]): TakenRecord<I>[] | SchemaNeeded {
    const batch: TakenRecord<I>[] = []
    let bytes = 0
    try {
      while (batch.length < maxRecords && bytes < maxBytes) {
        let first: InputQueue<I> | null = null
        let taken: TakenRecord<I> | null = null
        for (const queue of this.#queues) {
          const head = queue.peek()
          if (head === null) {
            // Its next record may be older than the other heads: end the batch here rather than overtake it.
            if (queue.hasUnread && batch.length > 0 && !givenUp.includes(queue)) return batch
            continue
          }
          if (head instanceof SchemaNeeded) return batch.length > 0 ? batch : head
          if (taken === null || head.time < taken.time) {
            first = queue
            taken = head
          }
        }
        if (first === null || taken === null) return batch
        first.take()
        batch.push(taken)
        bytes += Math.max(taken.record.valueLength, 0)
      }
    } catch (error) {
      // What stands before a record that can't be read is processed first; the next call begins with that record.
      if (batch.length === 0) throw error
    }
    return batch
  }

  async #changes(timeoutMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = Number.isFinite(timeoutMs) ? setTimeout(done, timeoutMs) : undefined
      function done(): void {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done)
      this.#wake = done
    })
  }
}
