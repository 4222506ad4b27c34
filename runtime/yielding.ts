import { setImmediate as nextTurn } from 'node:timers/promises'
import { sleepUntil } from './sleep-until.ts'

/** So long the thread may be kept from scoring at a time. */
const SLICE_MS = 4
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

  /** Does a work that can give way at each `yield`. */
  async run<T>(steps: Generator<unknown, T>): Promise<T> {
    for (let began = performance.now(); ; ) {
      const { done, value } = steps.next()
      const took = performance.now() - began
      if (done || took >= SLICE_MS) this.worked(took)
      if (done) return value
      if (took < SLICE_MS) continue
      await nextTurn()
      began = performance.now()
    }
  }

  /** Call with what kept the thread. */
  worked(ms: number): void {
    this.#restUntil = Math.max(this.#restUntil, performance.now()) + this.#restFactor() * ms
  }

  /** Resolves when counting may go on. @throws the signal's reason */
  async rest(signal: AbortSignal): Promise<void> {
    while (this.#restFactor() > 0 && performance.now() < this.#restUntil) {
      await sleepUntil(Math.min(this.#restUntil, performance.now() + LOOK_MS), signal)
    }
  }
}
