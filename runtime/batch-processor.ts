import type { TransactionOutput } from '../connectors/kafka/produce-outputs.ts'
import type { Outcome } from '../processors/outcome.ts'
import { NEVER } from '../schemas/customer-state.ts'
import { messageOf } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { Scoring } from '../topology/scoring.ts'
import { BatchDrafts, type BatchDraftsOptions, DraftSpoilt } from './batch-drafts.ts'
import { misnamed, misplaced } from './check-key.ts'
import type { CachedCustomer } from './customer-cache.ts'
import { MAX_STATE_BYTES } from './customer-records.ts'
import type { ErrorRate } from './error-rate.ts'
import type { TakenRecord } from './taken-record.ts'
import type { EventCounts } from './task-counters.ts'
import { TimerFiring } from './timer-firing.ts'

export interface BatchProcessorOptions extends BatchDraftsOptions {
  readonly partitions: number
  readonly scoring: Scoring
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

/**
 * So many records go through a step (decode, read the state, score, encode) before they go through the next. All steps
 * together are more machine code than a core keeps at hand: record by record, it waits for code (decision 11).
 */
const SLICE = 64

const AT_NOBODY: Look = { due: [], clockOf: () => NEVER }

/** A customer whom something else than an event or the time moves. */
export interface Moved {
  readonly key: string
  readonly cause: 'population' | 'model'
}

/**
 * Turns the records of a batch into outputs and drafts, in order, synchronously. Nothing here is seen outside before the
 * transaction: `committed` makes the drafts the cache's states.
 *
 * A customer's events of one batch work on one draft, and only the last of his records carries the encoded state: one
 * copy and one encoding a customer and batch, not one an event. If an event then fails after it has begun to change a
 * draft that others changed before, or something can't be encoded, the batch is done again with a draft of its own for each
 * event, of which every one is encoded before it counts; that finds out whose fault it is.
 */
export class BatchProcessor {
  readonly #options: BatchProcessorOptions
  readonly #drafts: BatchDrafts
  readonly #timers: TimerFiring
  /** Of the slice under way; null: refused, or there is none. */
  readonly #inputs: (InputEvent | null)[] = []
  #looked = 0
  #batch = 0

  constructor(options: BatchProcessorOptions) {
    this.#options = options
    this.#drafts = new BatchDrafts(options)
    this.#timers = new TimerFiring({ ...options, drafts: this.#drafts })
  }

  get batch(): number {
    return this.#batch
  }

  /** What the batch under way came to. */
  get counts(): EventCounts {
    return this.#drafts.counts
  }

  /** Customers that the batch changed, with their newest values. */
  get touched(): readonly CachedCustomer[] {
    return this.#drafts.touched
  }

  /** Customers that the batch looked at without writing anything of them; call after `committed`. */
  get replanned(): readonly CachedCustomer[] {
    return this.#drafts.replanned
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
      const key = taken.record.keyText()
      taken.refused = null
      taken.customer = this.#options.cache.get(key) ?? null
      if (taken.customer !== null) continue
      // A key that is in the cache has been found to belong here before.
      this.#inputOf(taken, key)
      taken.refused ??= misplaced(taken.record.key!, this.#options)
      if (!taken.refused) missing.add(key)
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
    this.#drafts.commit(this.#batch)
  }

  #run({ batch, moved, look }: Work, careful: boolean): number {
    const drafts = this.#drafts
    drafts.begin(this.#options.now(), careful)
    this.#looked = 0
    for (const { key, cause } of moved) {
      this.#rerank(this.#options.cache.get(key)!, cause)
      drafts.flush(SLICE)
    }
    let done = 0
    while (done < batch.length && !drafts.isFull) {
      done = this.#processSlice(batch, done, Math.min(batch.length, done + (careful ? 1 : SLICE)))
    }
    while (done === batch.length && this.#looked < look.due.length && !drafts.isFull) {
      const customer = this.#options.cache.get(look.due[this.#looked++]!)!
      this.#timers.fire(customer, look.clockOf(customer.tenantId))
      // Also if there was nothing to fire: the entry of the index that led here is then put right.
      drafts.replan(customer, null)
      drafts.flush(SLICE)
    }
    drafts.flush()
    if (!drafts.seal()) throw new DraftSpoilt()
    return done
  }

  /** @returns how far it came: to `end`, unless the batch is full */
  #processSlice(batch: readonly TakenRecord[], start: number, end: number): number {
    const drafts = this.#drafts
    const inputs = this.#inputs
    for (let i = start; i < end; i++) {
      const taken = batch[i]!
      inputs[i - start] = taken.refused ? null : this.#inputOf(taken, this.#customerOf(taken).key)
    }
    for (let i = start; i < end; i++) if (!batch[i]!.refused) drafts.load(this.#customerOf(batch[i]!))
    let done = start
    for (; done < end && !drafts.isFull; done++) {
      const taken = batch[done]!
      const input = inputs[done - start]!
      if (taken.refused) drafts.deadLetter(taken, taken.refused)
      // A null value on `profiles`.
      else if (input === null) drafts.erase(this.#customerOf(taken), taken)
      else this.#score(taken, input)
    }
    drafts.unload()
    drafts.flush()
    return done
  }

  /** What the record holds. One that can't be read, or has the key of another customer, is refused. @param key as text */
  #inputOf(taken: TakenRecord, key: string): InputEvent | null {
    const input = taken.readOrRefuse()
    taken.refused ??= misnamed(taken, input, key)
    return input
  }

  #score(taken: TakenRecord, input: InputEvent): void {
    const { scoring, errors } = this.#options
    const drafts = this.#drafts
    const { counts } = drafts
    const customer = this.#customerOf(taken)
    this.#timers.passTime(input, customer)
    const { context } = drafts
    const shared = customer.draft !== null && !drafts.careful
    context.input = input
    context.arrivedAt = taken.record.timestamp
    drafts.enter(input.event)
    context.draft = shared ? customer.draft! : (drafts.copyOf(customer) ?? drafts.newState())
    try {
      let outcome = scoring.process(context)
      if (outcome.kind === 'forward' && drafts.isTooLarge) outcome = tooLarge()
      if (outcome.kind === 'forward') drafts.forward(customer, taken)
      else if (shared && context.draftChanged) throw new DraftSpoilt()
      else if (outcome.kind === 'drop') counts.dropped(outcome.reason)
      else drafts.deadLetter(taken, outcome)
      errors.passed()
    } catch (error) {
      if (error instanceof DraftSpoilt) throw error
      if (shared && context.draftChanged) throw new DraftSpoilt()
      errors.failed(error)
      drafts.deadLetter(taken, { stage: 'processor', reason: 'PROCESSOR_ERROR', error: messageOf(error) })
    }
  }

  /** Judges a customer, of whom there is no event yet in this batch, by new thresholds or models. There is no record to dead-letter. */
  #rerank(customer: CachedCustomer, cause: Moved['cause']): void {
    if (customer.slot < 0) return
    const drafts = this.#drafts
    drafts.enter(customer)
    drafts.context.draft = drafts.copyOf(customer)!
    try {
      if (this.#options.scoring.rerank(drafts.context, cause).kind !== 'forward' || drafts.isTooLarge) return
      drafts.forward(customer, null)
      drafts.counts.refreshed++
    } catch (error) {
      this.#options.errors.failed(error)
    }
  }

  /** Those that `prepare` didn't find were loaded since. */
  #customerOf(taken: TakenRecord): CachedCustomer {
    taken.customer ??= this.#options.cache.get(taken.record.keyText())!
    return taken.customer
  }
}

function tooLarge(): Outcome {
  const error = `state: it would have more than ${MAX_STATE_BYTES} bytes`
  return { kind: 'deadLetter', stage: 'encode', reason: 'STATE_TOO_LARGE', error }
}
