import type { CustomerState } from '../schemas/customer-state.ts'

/** A customer that the task knows: the committed state, and what the batch under way makes of it. */
export interface CachedCustomer {
  readonly key: string
  readonly tenantId: string
  readonly customerId: string
  /** Committed; null: nobody of that key. */
  state: CustomerState | null
  /** Set by the batch under way: its state so far; null with `touched` means erased. */
  draft: CustomerState | null
  touched: boolean
  /** His newest record of the batch under way, not written yet: what comes later decides whether it carries the state. */
  readonly pending: PendingRecord
  /** The `customers` value that the batch under way leaves. */
  value: Buffer | null
  /** Size of `value`, or of the one that his state was read from. */
  bytes: number
  probability: number
  risk: number
  /** Number of the last batch that wrote it: not evicted until Redis has confirmed that batch. */
  batch: number
}

/** An encoded `customers` record: value without state from `start` to `valueEnd` (equal: a null one), then its headers. */
export interface PendingRecord {
  waits: boolean
  key: Uint8Array
  source: Buffer
  start: number
  valueEnd: number
  headersEnd: number
  headerCount: number
}

/**
 * The customers a task worked on lately. Two generations stand in for exact recency: when the young one is full, the old
 * one is dropped, save what Redis hasn't confirmed yet. Bounds memory to twice `capacity` customers.
 */
export class CustomerCache {
  readonly #capacity: number
  #young = new Map<string, CachedCustomer>()
  #old = new Map<string, CachedCustomer>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: string): CachedCustomer | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) {
      this.#old.delete(key)
      this.#young.set(key, old)
    }
    return old
  }

  add(customer: CachedCustomer): void {
    this.#young.set(customer.key, customer)
  }

  /** Call between batches. @param confirmedBatch the newest batch that Redis holds */
  shrink(confirmedBatch: number): void {
    if (this.#young.size < this.#capacity) return
    const kept = new Map<string, CachedCustomer>()
    for (const [key, customer] of this.#old) if (customer.batch > confirmedBatch) kept.set(key, customer)
    this.#old = this.#young
    this.#young = kept
  }
}

const NOTHING = Buffer.alloc(0)

/** @param state what Redis holds of that key, in `bytes` bytes; null: nobody yet */
export function cachedCustomer(key: string, state: CustomerState | null, bytes = 0): CachedCustomer {
  const slash = key.indexOf('/')
  return {
    key,
    tenantId: key.slice(0, slash),
    customerId: key.slice(slash + 1),
    state,
    draft: null,
    touched: false,
    pending: { waits: false, key: NOTHING, source: NOTHING, start: 0, valueEnd: 0, headersEnd: 0, headerCount: 0 },
    value: null,
    bytes,
    probability: 0,
    risk: 0,
    batch: 0,
  }
}
