import type { TransactionOutput } from '../connectors/kafka/transactional-producer.ts'
import type { Models } from '../models/linear-model.ts'
import { nextLookAt } from '../models/next-look.ts'
import { createEventContext, type EventContext } from '../processors/event-context.ts'
import type { Outcome } from '../processors/outcome.ts'
import { type CustomerState, cloneState, NEVER } from '../schemas/customer-state.ts'
import { messageOf } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import type { Thresholds } from '../schemas/thresholds.ts'
import type { Scoring } from '../topology/scoring.ts'
import { misnamed, misplaced } from './check-key.ts'
import type { ChurnSnapshots } from './churn-snapshots.ts'
import type { CachedCustomer, CustomerCache } from './customer-cache.ts'
import { CustomerRecords, type CustomerRecordsOptions, MAX_STATE_BYTES } from './customer-records.ts'
import { type DeadLetter, decodeFailure, encodeDeadLetter } from './dead-letter.ts'
import type { ErrorRate } from './error-rate.ts'
import type { TakenRecord } from './input-queue.ts'
import { StatePool } from './state-pool.ts'
import type { StreamTimes } from './stream-time.ts'
import { EventCounts } from './task-counters.ts'
import type { WindowDeltas } from './window-deltas.ts'

/** A batch ends when what it writes comes to about this, or one event later. */
const FULL_BYTES = 8 * 1024 * 1024

/** What is the same for all tenants' events between two batches. */
export interface Broadcast {
  settings(tenantId: string): TenantSettings
  models(tenantId: string): Models
  /** Null while the tenant's population isn't known. */
  thresholds(tenantId: string): Thresholds | null
  /** Counts up whenever the thresholds of any tenant change. */
  readonly thresholdsRevision: number
  /** By which the tenant's customers are scored, '' for the prior scorecards. */
  modelsVersion(tenantId: string): string
  /** Counts up whenever models of any tenant may change. */
  readonly modelsRevision: number
}

export interface BatchProcessorOptions extends CustomerRecordsOptions {
  readonly partitions: number
  readonly scoring: Scoring
  readonly broadcast: Broadcast
  readonly cache: CustomerCache
  readonly snapshots: ChurnSnapshots
  readonly streamTimes: StreamTimes
  readonly windowDeltas: WindowDeltas
  /** The task's own: it remembers over the sessions that it ends. */
  readonly errors: ErrorRate
  readonly now: () => number
}

/** At whom to look because of the time. */
export interface Look {
  /** Keys of customers. */
  readonly due: readonly string[]
  /** The time before which timers of a tenant fire. */
  readonly clockOf: (tenantId: string) => number
}

interface Work {
  readonly batch: readonly TakenRecord[]
  readonly moved: readonly Moved[]
  readonly look: Look
}

const AT_NOBODY: Look = { due: [], clockOf: () => NEVER }

/** A customer whom something else than an event or the time moves. */
export interface Moved {
  readonly key: string
  readonly cause: 'population' | 'model'
}

/** An event went wrong after it had begun to change a draft that earlier events of the batch had changed as well. */
class DraftSpoilt extends Error {}

/**
 * Turns the records of a batch into outputs and drafts, in order, synchronously. Nothing here is seen outside before the
 * transaction: `committed` makes the drafts the cache's states.
 *
 * A customer's events of one batch work on one draft, and only the last of his records carries the encoded state: one
 * copy and one encoding a customer and batch, not one an event. If an event then fails after it has begun to change a
 * draft that others changed before, or a state can't be written, the batch is done again with a draft of its own for each
 * event, of which every one is encoded before it counts; that finds out whose fault it is.
 */
export class BatchProcessor {
  readonly #options: BatchProcessorOptions
  readonly #context: EventContext = createEventContext()
  readonly #records: CustomerRecords
  readonly #counts = new EventCounts()
  readonly #states = new StatePool()
  #replanned = new Set<CachedCustomer>()
  #looked = 0
  #batch = 0
  #bytes = 0

  constructor(options: BatchProcessorOptions) {
    this.#options = options
    this.#records = new CustomerRecords(options)
  }

  get batch(): number {
    return this.#batch
  }

  /** What the batch under way came to. */
  get counts(): EventCounts {
    return this.#counts
  }

  /** Customers that the batch changed, with their newest values. */
  get touched(): readonly CachedCustomer[] {
    return this.#records.touched
  }

  /** Customers that the batch looked at without writing anything of them; call after `committed`. */
  get replanned(): readonly CachedCustomer[] {
    return [...this.#replanned]
  }

  /** How many of those who were due, from the first on, the batch looked at. */
  get looked(): number {
    return this.#looked
  }

  /**
   * Finds out which records can be processed.
   * @param due keys of customers to look at because of the time
   * @returns the keys of customers, theirs or due, that the cache doesn't have
   */
  prepare(batch: readonly TakenRecord[], due: readonly string[] = []): string[] {
    const missing = new Set<string>()
    for (const key of due) if (this.#options.cache.get(key) === undefined) missing.add(key)
    for (const taken of batch) {
      taken.refused = taken.failure ? decodeFailure(taken.failure) : misnamed(taken)
      if (taken.refused) continue
      taken.customer = this.#options.cache.get(taken.key) ?? null
      if (taken.customer === null) {
        // A key that is in the cache has been found to belong here before.
        taken.refused = misplaced(taken.record.key!, this.#options)
        if (!taken.refused) missing.add(taken.key)
      }
    }
    return [...missing]
  }

  /**
   * The customer of each record that isn't refused must be in the cache.
   * @param moved customers, in the cache as well, whom new thresholds or models move
   * @param look at whom because of the time, after the records: events may show that a customer isn't quiet
   * @returns how many of the records, from the first on, the batch takes
   * @throws AppError INTERNAL when so many events fail in the processors that it must be a bug of ours
   */
  process(batch: readonly TakenRecord[], moved: readonly Moved[] = [], look: Look = AT_NOBODY): number {
    const { streamTimes } = this.#options
    const before = streamTimes.mark()
    this.#batch++
    try {
      return this.#run({ batch, moved, look }, false)
    } catch (error) {
      if (!(error instanceof DraftSpoilt)) throw error
      streamTimes.backTo(before)
      return this.#run({ batch, moved, look }, true)
    }
  }

  /** @param inputs the next input offsets after the batch */
  finish(inputs: Readonly<Record<string, number>>): TransactionOutput[] {
    return this.#options.outputs.finish(inputs)
  }

  committed(): void {
    const { cache } = this.#options
    for (const customer of this.#replanned) {
      const { draft } = customer
      if (customer.touched) this.#replanned.delete(customer)
      if (customer.touched || draft === null) continue
      const length = this.#records.encodeState(draft)
      cache.keep(customer, draft, this.#records.encodedState, 0, length)
      this.#close(customer)
    }
    for (const customer of this.#records.touched) {
      const { draft, pending } = customer
      if (draft === null) cache.forget(customer)
      else cache.keep(customer, draft, pending.source, pending.valueEnd - pending.stateBytes, pending.valueEnd)
      this.#close(customer)
    }
  }

  #close(customer: CachedCustomer): void {
    customer.draft = null
    customer.before = null
    customer.touched = false
    customer.batch = this.#batch
  }

  get #isFull(): boolean {
    return this.#bytes + this.#records.bytes >= FULL_BYTES || this.#options.windowDeltas.isFull
  }

  /** @param careful each event has a draft of its own, encoded before it counts */
  #run({ batch, moved, look }: Work, careful: boolean): number {
    for (const customer of [...this.#records.touched, ...this.#replanned]) {
      customer.touched = false
      customer.draft = null
      customer.before = null
    }
    this.#states.reset()
    this.#replanned = new Set()
    this.#looked = 0
    this.#bytes = 0
    this.#counts.clear()
    this.#context.now = this.#options.now()
    this.#records.begin(this.#context.now, careful)
    this.#options.windowDeltas.reset()
    this.#options.snapshots.reset()
    for (const { key, cause } of moved) this.#rerank(this.#options.cache.get(key)!, cause, careful)
    let done = 0
    while (done < batch.length && !this.#isFull) {
      const taken = batch[done++]!
      if (taken.refused) this.#deadLetter(taken, taken.refused)
      else if (taken.input === null) this.#erase(taken)
      else this.#score(taken, careful)
    }
    while (done === batch.length && this.#looked < look.due.length && !this.#isFull) {
      const customer = this.#options.cache.get(look.due[this.#looked++]!)!
      this.#fireTimers(customer, look.clockOf(customer.tenantId), careful)
      // Also if there was nothing to fire: the entry of the index that led here is then put right.
      this.#replanned.add(customer)
    }
    if (!this.#records.seal()) throw new DraftSpoilt()
    return done
  }

  #score(taken: TakenRecord, careful: boolean): void {
    const { scoring, errors } = this.#options
    const context = this.#context
    const customer = this.#customerOf(taken)
    const input = taken.input!
    this.#passTime(input, customer, careful)
    const shared = customer.draft !== null && !careful
    context.input = input
    context.arrivedAt = taken.record.timestamp
    this.#setContext(input.event)
    context.draft = shared ? customer.draft! : (this.#copyOf(customer) ?? this.#states.takeNew())
    try {
      let outcome = scoring.process(context)
      if (outcome.kind === 'forward' && careful && this.#records.isTooLarge(context.draft)) outcome = tooLarge()
      if (outcome.kind === 'forward') this.#forward(customer, taken)
      else if (shared && context.draftChanged) throw new DraftSpoilt()
      else if (outcome.kind === 'drop') this.#counts.dropped(outcome.reason)
      else this.#deadLetter(taken, outcome)
      errors.passed()
    } catch (error) {
      if (error instanceof DraftSpoilt) throw error
      if (shared && context.draftChanged) throw new DraftSpoilt()
      errors.failed(error)
      this.#deadLetter(taken, { stage: 'processor', reason: 'PROCESSOR_ERROR', error: messageOf(error) })
    }
  }

  /** Fires the customer's timers that are due before an event, or before the newest event of its tenant. */
  #passTime(input: InputEvent, customer: CachedCustomer, careful: boolean): void {
    const lookAt = nextLookOf(customer)
    if (lookAt === 0) return
    const { tenantId, occurredAt } = input.event
    const reached = Math.max(occurredAt, this.#options.streamTimes.of(tenantId))
    // An event that isn't accepted makes no time pass.
    if (lookAt < reached && this.#isAccepted(input, customer)) this.#fireTimers(customer, reached, careful)
  }

  /** Whether the pipeline takes the event as it is; changes nothing. */
  #isAccepted(input: InputEvent, customer: CachedCustomer): boolean {
    this.#context.input = input
    this.#setContext(input.event)
    this.#context.draft = this.#copyOf(customer)!
    try {
      return this.#options.scoring.process(this.#context).kind === 'forward'
    } catch {
      // It will be a dead letter.
      return false
    }
  }

  #fireTimers(customer: CachedCustomer, before: number, careful: boolean): void {
    const { scoring, errors } = this.#options
    const context = this.#context
    for (;;) {
      const at = nextLookOf(customer)
      if (at === 0 || at >= before) return
      const current = this.#copyOf(customer)!
      if (at === current.openSnapshots[0]) {
        this.#endSnapshot(customer, current, at)
        continue
      }
      this.#setContext(customer)
      context.draft = current
      try {
        const outcome = scoring.fire(context)
        if (outcome.kind === 'forward') {
          if (careful && this.#records.isTooLarge(context.draft)) throw new Error('the state is too large')
          this.#forward(customer, null)
          this.#counts.timers++
        }
        errors.passed()
        if (outcome.kind === 'forward') continue
      } catch (error) {
        errors.failed(error)
        // There is no record that could be a dead letter: the customer goes on without a timer until his next event.
        context.draft = this.#copyOf(customer)!
        context.draft.nextTimerAt = 0
        this.#counts.failedTimers++
      }
      // Nothing to write: what was planned anew is kept in memory and in the view's index, and would be found again.
      this.#replanned.add(customer)
      customer.draft = context.draft
    }
  }

  /** The horizon of the customer's first snapshot has ended; his scores have nothing to do with that. */
  #endSnapshot(customer: CachedCustomer, draft: CustomerState, end: number): void {
    this.#bytes += this.#options.snapshots.end(customer.key, end, draft)
    draft.openSnapshots = draft.openSnapshots.slice(1)
    customer.draft = draft
    this.#replanned.add(customer)
  }

  /** Judges a customer, of whom there is no event yet in this batch, by new thresholds or models. There is no record to dead-letter. */
  #rerank(customer: CachedCustomer, cause: Moved['cause'], careful: boolean): void {
    if (customer.slot < 0) return
    this.#setContext(customer)
    this.#context.draft = this.#copyOf(customer)!
    try {
      if (this.#options.scoring.rerank(this.#context, cause).kind !== 'forward') return
      if (careful && this.#records.isTooLarge(this.#context.draft)) return
      this.#forward(customer, null)
      this.#counts.refreshed++
    } catch (error) {
      this.#options.errors.failed(error)
    }
  }

  /**
   * The customer's state as the batch has left it so far, to be changed without a draft that he has noticing.
   * @returns null: nobody
   */
  #copyOf(customer: CachedCustomer): CustomerState | null {
    if (customer.draft !== null) return cloneState(customer.draft)
    if (customer.touched || customer.slot < 0) return null
    const state = this.#states.take()
    this.#options.cache.read(customer, state)
    customer.before = { place: state.place, standing: state.standing }
    return state
  }

  #setContext({ tenantId, customerId }: Pick<CachedCustomer, 'tenantId' | 'customerId'>): void {
    const { broadcast, streamTimes } = this.#options
    const context = this.#context
    context.tenantId = tenantId
    context.customerId = customerId
    context.tenant = broadcast.settings(tenantId)
    context.models = broadcast.models(tenantId)
    context.thresholds = broadcast.thresholds(tenantId)
    context.streamTime = streamTimes.of(tenantId)
  }

  /** What the customer's event gave, or what moved him without one. What can't be encoded throws before any of it counts. */
  #forward(customer: CachedCustomer, taken: TakenRecord | null): void {
    const { snapshots, streamTimes, windowDeltas } = this.#options
    const context = this.#context
    const { snapshot } = context
    const encoded = snapshot && snapshots.encode(snapshot)
    this.#records.write(context, customer, taken)
    if (snapshot && encoded) this.#bytes += snapshots.open(customer.key, snapshot, encoded)
    windowDeltas.add(context)
    if (taken !== null && context.late !== null) this.#deadLetter(taken, { stage: 'window', ...context.late })
    streamTimes.observe(context.tenantId, context.draft.newestAt)
    if (taken !== null) this.#counts.scored++
    this.#counts.changes += context.changes.length
    this.#counts.examples += context.examples.length
    if (context.outcomeWithoutExample) this.#counts.outcomesWithoutExample++
    customer.draft = context.draft
    customer.probability = context.customer.lead.probability
    customer.risk = context.customer.churn.risk
  }

  /** A null value on `profiles`: nothing of the customer stays. */
  #erase(taken: TakenRecord): void {
    const customer = this.#customerOf(taken)
    // What is read here, populations need as well: they count him out where he stood.
    const current = customer.draft ?? this.#copyOf(customer)
    this.#options.snapshots.drop(customer.key, current?.openSnapshots ?? [])
    this.#records.writeTombstone(customer, taken)
    this.#counts.erasures++
    customer.draft = null
  }

  /** Those that `prepare` didn't find were loaded since. */
  #customerOf(taken: TakenRecord): CachedCustomer {
    taken.customer ??= this.#options.cache.get(taken.key)!
    return taken.customer
  }

  #deadLetter(taken: TakenRecord, letter: DeadLetter): void {
    const { key, value, headers } = encodeDeadLetter(taken.topic, this.#options.partition, taken.record, letter)
    this.#options.outputs.deadLetter(key, value, headers)
    this.#bytes += value?.length ?? 0
    this.#counts.deadLettered(letter.reason)
  }
}

/** As the batch under way has left him; 0: never. */
function nextLookOf(customer: CachedCustomer): number {
  if (customer.draft !== null) return nextLookAt(customer.draft)
  return customer.touched ? 0 : customer.nextLookAt
}

function tooLarge(): Outcome {
  const error = `state: it would have more than ${MAX_STATE_BYTES} bytes`
  return { kind: 'deadLetter', stage: 'encode', reason: 'STATE_TOO_LARGE', error }
}
