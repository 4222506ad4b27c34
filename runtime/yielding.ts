import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** So long the thread may be kept from scoring at a time. */
const SLICE_MS = 8
/** A rest is looked at again so often: scoring may have caught up. */
const LOOK_MS = 100

/**
 * Lets aggregate tasks work without holding up the customer tasks of their worker: in slices, and with rests. One for all aggregate tasks of a worker.
 */
export class Yielding {
  readonly #restFactor: () => number
  #restUntil = 0

  /** @param restFactor how long to rest, in parts of the time that work took */
  constructor(restFactor: () => number) {
    this.#restFactor = restFactor
  }

  /** Does something for each item, in their order. */
  async each<T>(items: readonly T[], act: (item: T) => void): Promise<void> {
    let began = performance.now()
    for (const item of items) {
      act(item)
      if (performance.now() - began < SLICE_MS) continue
      this.worked(performance.now() - began)
      await nextTurn()
      began = performance.now()
    }
    this.worked(performance.now() - began)
  }

  /** Call with what kept the thread. */
  worked(ms: number): void {
    this.#restUntil = Math.max(this.#restUntil, performance.now()) + this.#restFactor() * ms
  }

  /** Resolves when counting may go on. @throws the signal's reason */
  async rest(signal: AbortSignal): Promise<void> {
    while (this.#restFactor() > 0 && performance.now() < this.#restUntil) {
      const left = this.#restUntil - performance.now()
      await sleep(Math.min(left, LOOK_MS), undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}
