import { createEventContext, type EventContext } from '../processors/event-context.ts'
import type { CachedCustomer } from './customer-cache.ts'
import type { TakenRecord } from './taken-record.ts'

/** What encodes the outputs of a context. `taken` is null for what no record caused. */
export type EncodeOutputs = (context: EventContext, customer: CachedCustomer, taken: TakenRecord | null) => void

/** The contexts whose outputs are not encoded yet, and the one that the processors work on. */
export class WaitingOutputs {
  readonly #contexts: EventContext[] = [createEventContext()]
  /** By context; of those that don't wait any more they stay until others take their places. */
  readonly #customers: CachedCustomer[] = []
  readonly #taken: (TakenRecord | null)[] = []
  #count = 0
  #bytes = 0

  /** What the processors work on: another one after each `add`. */
  get context(): EventContext {
    return this.#contexts[this.#count]!
  }

  get count(): number {
    return this.#count
  }

  /** What the customers' newest records came to before: about what encoding adds. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whose outputs wait, and others. */
  get customers(): readonly CachedCustomer[] {
    return this.#customers
  }

  /** The outputs of `context` wait. */
  add(customer: CachedCustomer, taken: TakenRecord | null): void {
    this.#customers[this.#count] = customer
    this.#taken[this.#count] = taken
    this.#count++
    this.#bytes += customer.bytes
    if (this.#count === this.#contexts.length) this.#contexts.push(contextBeside(this.#contexts[0]!))
  }

  /** Calls it for all that wait, in the order in which they came; then none waits, nor if it throws. */
  drain(encode: EncodeOutputs): void {
    const count = this.#count
    this.clear()
    for (let i = 0; i < count; i++) encode(this.#contexts[i]!, this.#customers[i]!, this.#taken[i]!)
  }

  clear(): void {
    this.#count = 0
    this.#bytes = 0
  }
}

/** Of its own it has what is valid until the outputs are encoded; the rest is scratch memory. */
function contextBeside({ features, leadWorkings, churnWorkings }: EventContext): EventContext {
  return { ...createEventContext(), features, leadWorkings, churnWorkings }
}
