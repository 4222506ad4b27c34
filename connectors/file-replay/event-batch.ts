import { RECENT_EVENTS } from '../../schemas/customer-state.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'

/**
 * Events to be written together. It holds no more events of one customer than a customer remembers ids of, so that a
 * batch that is written twice is recognised whole, however the first time ended.
 */
export class EventBatch {
  readonly #size: number
  readonly #perCustomer = new Map<string, number>()
  #events: InputEvent[] = []

  constructor(size: number) {
    this.#size = size
  }

  get length(): number {
    return this.#events.length
  }

  get isFull(): boolean {
    return this.#events.length >= this.#size
  }

  /** @returns false when the batch holds all it may of that customer, and was left as it is */
  add(input: InputEvent): boolean {
    const key = customerKey(input.event.tenantId, input.event.customerId)
    const held = this.#perCustomer.get(key) ?? 0
    if (held >= RECENT_EVENTS) return false
    this.#perCustomer.set(key, held + 1)
    this.#events.push(input)
    return true
  }

  /** The events, in order; the batch is empty afterwards. */
  drain(): readonly InputEvent[] {
    const events = this.#events
    this.#events = []
    this.#perCustomer.clear()
    return events
  }
}
