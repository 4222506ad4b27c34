import { nextLookAt } from '../models/next-look.ts'
import type { Placing } from '../processors/population-moves.ts'
import type { CustomerState } from '../schemas/customer-state.ts'
import { newCustomerState } from '../schemas/new-state.ts'
import { decodeStateInto } from '../schemas/state-codec.ts'
import { ByteSlab } from './byte-slab.ts'

const NOTHING = Buffer.alloc(0)

/** A customer that the task knows: where his committed state is, and what the batch under way makes of it. */
export interface CachedCustomer {
  readonly key: string
  readonly tenantId: string
  readonly customerId: string
  /** Where the cache keeps his committed state, encoded; -1: nobody of that key. */
  slot: number
  /** Length of the encoded state. */
  stateBytes: number
  /** Of the committed state; 0 for nobody. */
  newestAt: number
  /** Of the committed state: when to look at him because of the time; 0: never. */
  nextLookAt: number
  /** Set by the batch under way: its state so far; null with `touched` means erased. */
  draft: CustomerState | null
  touched: boolean
  /** His committed state, read ahead for the batch under way. */
  loaded: CustomerState | null
  /** While there is a draft: of the committed state. */
  before: Placing | null
  /** His newest record of the batch under way: what comes later decides whether it carries the state. */
  pending: PendingRecord
  /** Size of his newest `customers` value. */
  bytes: number
  probability: number
  risk: number
  /** Number of the last batch that wrote it: not evicted until Redis has confirmed that batch. */
  batch: number
}

/**
 * An encoded `customers` record: the key from `keyStart`, the value without state from `start` to `valueEnd` (equal: a
 * null one), then the headers.
 */
export interface PendingRecord {
  source: Buffer
  keyStart: number
  start: number
  valueEnd: number
  headersEnd: number
  headerCount: number
  /** How many bytes of the value, its last ones, are the state. */
  stateBytes: number
}

/** Of customers that no batch has written yet. */
const NO_RECORD: PendingRecord = newPendingRecord()

export function newPendingRecord(): PendingRecord {
  return { source: NOTHING, keyStart: 0, start: 0, valueEnd: 0, headersEnd: 0, headerCount: 0, stateBytes: 0 }
}

/**
 * The customers a task worked on lately. Two generations stand in for exact recency: when the young one is full, the old
 * one is dropped, save what Redis hasn't confirmed yet. Bounds memory to twice `capacity` customers.
 */
export class CustomerCache {
  readonly #capacity: number
  readonly #slab = new ByteSlab()
  readonly #tenants = new Map<string, string>()
  readonly #scratch = newCustomerState()
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

  /** @param state what Redis holds of that key, encoded; null: nobody yet @param bytes size of the value that it stood in */
  add(key: string, state: Buffer | null, bytes = 0): CachedCustomer {
    const slash = key.indexOf('/')
    const customer: CachedCustomer = {
      key,
      tenantId: this.#tenantOf(key.slice(0, slash)),
      customerId: key.slice(slash + 1),
      slot: -1,
      stateBytes: 0,
      newestAt: 0,
      nextLookAt: 0,
      draft: null,
      touched: false,
      loaded: null,
      before: null,
      pending: NO_RECORD,
      bytes,
      probability: 0,
      risk: 0,
      batch: 0,
    }
    if (state !== null) {
      decodeStateInto(this.#scratch, state, 0, state.length)
      this.keep(customer, this.#scratch, state, 0, state.length)
    }
    this.#young.set(key, customer)
    return customer
  }

  /** The customer's committed state is now another one, encoded from `start` to `end`. */
  keep(customer: CachedCustomer, state: CustomerState, source: Buffer, start: number, end: number): void {
    customer.slot =
      customer.slot < 0
        ? this.#slab.add(source, start, end)
        : this.#slab.replace(customer.slot, customer.stateBytes, source, start, end)
    customer.stateBytes = end - start
    customer.newestAt = state.newestAt
    customer.nextLookAt = nextLookAt(state)
  }

  /** Nobody is left of the customer. */
  forget(customer: CachedCustomer): void {
    if (customer.slot >= 0) this.#slab.remove(customer.slot, customer.stateBytes)
    customer.slot = -1
    customer.stateBytes = 0
    customer.newestAt = 0
    customer.nextLookAt = 0
  }

  /** Reads the customer's committed state, that of somebody, into one that is written over. */
  read(customer: CachedCustomer, into: CustomerState): void {
    const start = this.#slab.startOf(customer.slot)
    decodeStateInto(into, this.#slab.bufferOf(customer.slot), start, start + customer.stateBytes)
  }

  /** A copy of the customer's committed state, null for nobody. */
  stateOf(customer: CachedCustomer): CustomerState | null {
    if (customer.slot < 0) return null
    const state = newCustomerState()
    this.read(customer, state)
    return state
  }

  /** Call between batches. @param confirmedBatch the newest batch that Redis holds */
  shrink(confirmedBatch: number): void {
    if (this.#young.size < this.#capacity) return
    const kept = new Map<string, CachedCustomer>()
    for (const [key, customer] of this.#old) {
      if (customer.batch > confirmedBatch) kept.set(key, customer)
      else this.forget(customer)
    }
    this.#old = this.#young
    this.#young = kept
  }

  /** The same text for all of a tenant's customers: a slice each would be an object each. */
  #tenantOf(tenantId: string): string {
    const known = this.#tenants.get(tenantId)
    if (known === undefined) this.#tenants.set(tenantId, tenantId)
    return known ?? tenantId
  }
}

/** What the batch that has just been committed wrote of a customer whom it touched; null: nobody is left. */
export function writtenValue({ slot, pending }: CachedCustomer): Buffer | null {
  return slot < 0 ? null : pending.source.subarray(pending.start, pending.valueEnd)
}
