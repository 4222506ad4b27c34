import type { EventContext } from '../processors/event-context.ts'
import type { CustomerState } from '../schemas/customer-state.ts'
import { cloneState } from '../schemas/new-state.ts'
import type { Broadcast } from './broadcast-port.ts'
import type { ChurnSnapshots } from './churn-snapshots.ts'
import type { CachedCustomer, CustomerCache } from './customer-cache.ts'
import { CustomerRecords, type CustomerRecordsOptions } from './customer-records.ts'
import { type DeadLetter, encodeDeadLetter } from './dead-letter.ts'
import { StatePool } from './state-pool.ts'
import type { StreamTimes } from './stream-time.ts'
import type { TakenRecord } from './taken-record.ts'
import { EventCounts } from './task-counters.ts'
import { type EncodeOutputs, WaitingOutputs } from './waiting-outputs.ts'
import type { WindowDeltas } from './window-deltas.ts'

/** An event changed a draft that earlier ones of the batch had changed as well, and went wrong; or can't be encoded. */
export class DraftSpoilt extends Error {}

export interface BatchDraftsOptions extends CustomerRecordsOptions {
  readonly broadcast: Broadcast
  readonly cache: CustomerCache
  readonly snapshots: ChurnSnapshots
  readonly streamTimes: StreamTimes
  readonly windowDeltas: WindowDeltas
  /** A batch ends when what it writes comes to about this, or one event later. */
  readonly fullBytes: number
}

/** The batch under way: whose drafts there are, what it writes of them and what it comes to. */
export class BatchDrafts {
  readonly counts = new EventCounts()
  readonly #options: BatchDraftsOptions
  readonly #records: CustomerRecords
  readonly #states = new StatePool()
  readonly #waiting = new WaitingOutputs()
  readonly #encode: EncodeOutputs = (context, customer, taken) => this.#write(context, customer, taken)
  #loaded: CachedCustomer[] = []
  #replanned = new Set<CachedCustomer>()
  #careful = false
  #bytes = 0
  #now = 0

  constructor(options: BatchDraftsOptions) {
    this.#options = options
    this.#records = new CustomerRecords(options)
  }

  /** What the processors work on: one event, timer or move after another. Another one after `forward`. */
  get context(): EventContext {
    return this.#waiting.context
  }

  /** Customers that the batch changed, with their newest values. */
  get touched(): readonly CachedCustomer[] {
    return this.#records.touched
  }

  /** Customers that the batch looked at; after `commit` only those of whom it wrote nothing. */
  get replanned(): readonly CachedCustomer[] {
    return [...this.#replanned]
  }

  /** Each event has a draft of its own, encoded before it counts. */
  get careful(): boolean {
    return this.#careful
  }

  get isFull(): boolean {
    const { fullBytes, windowDeltas } = this.#options
    return this.#bytes + this.#waiting.bytes + this.#records.bytes >= fullBytes || windowDeltas.isFull
  }

  /** @param now epoch ms @param careful see there; the batch that was begun last is then begun anew */
  begin(now: number, careful: boolean): void {
    for (const customer of [...this.touched, ...this.#replanned, ...this.#waiting.customers]) {
      customer.touched = false
      customer.draft = null
      customer.before = null
    }
    this.#states.reset()
    this.#replanned = new Set()
    this.#careful = careful
    this.#bytes = 0
    this.#now = now
    this.#waiting.clear()
    this.unload()
    this.counts.clear()
    this.#records.begin(now, careful)
    this.#options.windowDeltas.reset()
    this.#options.snapshots.reset()
  }

  /** Tells the context whom it is about, and what is in force for his tenant. */
  enter({ tenantId, customerId }: Pick<CachedCustomer, 'tenantId' | 'customerId'>): void {
    const { broadcast, streamTimes } = this.#options
    const { context } = this
    context.now = this.#now
    context.tenantId = tenantId
    context.customerId = customerId
    context.tenant = broadcast.settings(tenantId)
    context.models = broadcast.models(tenantId)
    context.thresholds = broadcast.thresholds(tenantId)
    context.streamTime = streamTimes.of(tenantId)
  }

  /**
   * The customer's state as the batch has left it so far, to be changed without a draft that he has noticing.
   * @returns null: nobody
   */
  copyOf(customer: CachedCustomer): CustomerState | null {
    if (customer.draft !== null) return cloneState(customer.draft)
    if (customer.touched || customer.slot < 0) return null
    const state = customer.loaded ?? this.#read(customer)
    customer.loaded = null
    customer.before = { place: state.place, standing: state.standing }
    return state
  }

  /** Reads the customer's committed state ahead, if nothing of him is in the batch yet. */
  load(customer: CachedCustomer): void {
    if (customer.loaded !== null || customer.draft !== null || customer.touched || customer.slot < 0) return
    customer.loaded = this.#read(customer)
    this.#loaded.push(customer)
  }

  /** Lets go of what was read ahead and not asked for. */
  unload(): void {
    for (const customer of this.#loaded) customer.loaded = null
    this.#loaded = []
  }

  /** Of a customer of whom nothing is known. */
  newState(): CustomerState {
    return this.#states.takeNew()
  }

  /** Whether what the context's draft has become can't be written; only a careful batch looks. */
  get isTooLarge(): boolean {
    return this.#careful && this.#records.isTooLarge(this.context.draft)
  }

  /**
   * Takes what the customer's event gave, or what moved him without one. A careful batch encodes it at once, any other at
   * the next `flush`; the processors go on with another context.
   * @throws what a careful batch can't encode, before any of it counts
   */
  forward(customer: CachedCustomer, taken: TakenRecord | null): void {
    const { context, counts } = this
    if (this.#careful) this.#write(context, customer, taken)
    else this.#waiting.add(customer, taken)
    this.#options.streamTimes.observe(context.tenantId, context.draft.newestAt)
    if (taken !== null) counts.scored++
    counts.changes += context.changes.length
    counts.examples += context.examples.length
    if (context.outcomeWithoutExample) counts.outcomesWithoutExample++
    customer.draft = context.draft
    customer.probability = context.customer.lead.probability
    customer.risk = context.customer.churn.risk
  }

  /**
   * Encodes what was forwarded since the last time, if it is so much.
   * @throws DraftSpoilt something can't be encoded: the batch is worthless
   */
  flush(atLeast = 1): void {
    if (this.#waiting.count < atLeast) return
    try {
      this.#waiting.drain(this.#encode)
    } catch {
      // Whose fault that is, is found out by doing the batch again.
      throw new DraftSpoilt()
    }
  }

  #read(customer: CachedCustomer): CustomerState {
    const state = this.#states.take()
    this.#options.cache.read(customer, state)
    return state
  }

  #write(context: EventContext, customer: CachedCustomer, taken: TakenRecord | null): void {
    const { snapshots, windowDeltas } = this.#options
    const { snapshot } = context
    const encoded = snapshot && snapshots.encode(snapshot)
    this.#records.write(context, customer, taken)
    if (snapshot && encoded) this.#bytes += snapshots.open(customer.key, snapshot, encoded)
    windowDeltas.add(context)
    if (taken !== null && context.late !== null) this.deadLetter(taken, { stage: 'window', ...context.late })
  }

  /** Takes a draft of which there may be nothing to write: it is kept in memory, and in the view's index of timers. */
  replan(customer: CachedCustomer, draft: CustomerState | null): void {
    this.#replanned.add(customer)
    if (draft !== null) customer.draft = draft
  }

  /** The horizon of the customer's first snapshot has ended; his scores have nothing to do with that. */
  endSnapshot(customer: CachedCustomer, draft: CustomerState, end: number): void {
    this.flush()
    this.#bytes += this.#options.snapshots.end(customer.key, end, draft)
    draft.openSnapshots = draft.openSnapshots.slice(1)
    this.replan(customer, draft)
  }

  /** Nothing of the customer stays. */
  erase(customer: CachedCustomer, taken: TakenRecord): void {
    this.flush()
    // What is read here, populations need as well: they count him out where he stood.
    const current = customer.draft ?? this.copyOf(customer)
    this.#options.snapshots.drop(customer.key, current?.openSnapshots ?? [])
    this.#records.writeTombstone(customer, taken)
    this.counts.erasures++
    customer.draft = null
  }

  deadLetter(taken: TakenRecord, letter: DeadLetter): void {
    const { outputs, partition } = this.#options
    const { key, value, headers } = encodeDeadLetter(taken.topic, partition, taken.record, letter)
    outputs.deadLetter(key, value, headers)
    this.#bytes += value?.length ?? 0
    this.counts.deadLettered(letter.reason)
  }

  /** @returns false: a state can't be written, and the batch is worthless */
  seal(): boolean {
    return this.#records.seal()
  }

  /** The drafts become the cache's states. @param batch its number */
  commit(batch: number): void {
    const { cache } = this.#options
    for (const customer of this.#replanned) {
      const { draft } = customer
      if (customer.touched) this.#replanned.delete(customer)
      if (customer.touched || draft === null) continue
      const length = this.#records.encodeState(draft)
      cache.keep(customer, draft, this.#records.encodedState, 0, length)
      close(customer, batch)
    }
    for (const customer of this.touched) {
      const { draft, pending } = customer
      if (draft === null) cache.forget(customer)
      else cache.keep(customer, draft, pending.source, pending.valueEnd - pending.stateBytes, pending.valueEnd)
      close(customer, batch)
    }
  }
}

function close(customer: CachedCustomer, batch: number): void {
  customer.draft = null
  customer.before = null
  customer.touched = false
  customer.batch = batch
}
