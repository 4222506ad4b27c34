import type { CustomerState } from '../schemas/customer-state.ts'
import { clearState, newCustomerState } from '../schemas/new-state.ts'

/**
 * The states that a batch works on. They are used again by the next batch: ten thousand new ones a batch would live just
 * long enough for the garbage collector to copy each of them twice.
 */
export class StatePool {
  readonly #states: CustomerState[] = []
  #used = 0

  /** Nobody needs those that were given so far. */
  reset(): void {
    this.#used = 0
  }

  /** A state whose contents are to be written over (`decodeStateInto`). */
  take(): CustomerState {
    if (this.#used === this.#states.length) this.#states.push(newCustomerState())
    return this.#states[this.#used++]!
  }

  /** That of a customer nothing is known of. */
  takeNew(): CustomerState {
    const state = this.take()
    clearState(state)
    while (state.counters.length > 0) state.counters.pop()
    while (state.recent.length > 0) state.recent.pop()
    return state
  }
}
