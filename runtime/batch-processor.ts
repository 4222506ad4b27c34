import type { Models } from '../models/linear-model.ts'
import { createEventContext, type EventContext } from '../processors/event-context.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import { cloneState, newCustomerState } from '../schemas/customer-state.ts'
import { type AppError, messageOf } from '../schemas/errors.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import type { Thresholds } from '../schemas/thresholds.ts'
import type { Scoring } from '../topology/scoring.ts'
import type { BatchOutputs } from './batch-outputs.ts'
import { ByteArena } from './byte-arena.ts'
import { misnamed, misplaced } from './check-key.ts'
import type { CachedCustomer, CustomerCache } from './customer-cache.ts'
import { type DeadLetter, encodeDeadLetter } from './dead-letter.ts'
import type { ErrorRate } from './error-rate.ts'
import type { TakenRecord } from './input-queue.ts'
import { ResultHeaders } from './record-headers.ts'
import type { StreamTimes } from './stream-time.ts'
import { EventCounts } from './task-counters.ts'

const NO_CHANGES: readonly Buffer[] = []
/** Two of them beside a full batch still fit into the 8 MiB that `customers` takes, whatever limits the settings allow. */
const MAX_CUSTOMER_BYTES = 2 * 1024 * 1024

/** What is the same for all tenants' events between two batches. */
export interface Broadcast {
  settings(tenantId: string): TenantSettings
  models(tenantId: string): Models
  /** Null while the tenant's population isn't known. */
  thresholds(tenantId: string): Thresholds | null
}

export interface BatchProcessorOptions {
  readonly partition: number
  readonly partitions: number
  readonly scoring: Scoring
  readonly broadcast: Broadcast
  readonly customerCodec: AvroCodec<Customer>
  readonly changeCodec: AvroCodec<ScoreChange>
  readonly cache: CustomerCache
  readonly outputs: BatchOutputs
  readonly streamTimes: StreamTimes
  /** The task's own: it remembers over the sessions that it ends. */
  readonly errors: ErrorRate
  readonly now: () => number
}

/**
 * Turns the records of a batch into outputs and drafts, in order, synchronously. Nothing here is seen outside before the
 * transaction: `committed` makes the drafts the cache's states, `aborted` drops them.
 */
export class BatchProcessor {
  readonly #options: BatchProcessorOptions
  readonly #context: EventContext = createEventContext()
  readonly #headers: ResultHeaders
  /** Two, used by turns: Redis is still being sent one batch's values while the next batch is encoded. */
  readonly #arenas = [new ByteArena(), new ByteArena()] as const
  readonly #counts = new EventCounts()
  #touched: CachedCustomer[] = []
  #batch = 0

  constructor(options: BatchProcessorOptions) {
    this.#options = options
    this.#headers = new ResultHeaders(options.partition)
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
    return this.#touched
  }

  begin(): void {
    this.#batch++
    this.#touched = []
    this.#counts.clear()
    this.#arena.reset()
    this.#options.outputs.reset()
    this.#context.now = this.#options.now()
  }

  /** Finds out which records can be processed. @returns the keys of their customers that the cache doesn't have */
  prepare(batch: readonly TakenRecord[]): string[] {
    const missing = new Set<string>()
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
   * @throws AppError INTERNAL when so many events fail in the processors that it must be a bug of ours
   */
  process(taken: TakenRecord): void {
    if (taken.refused) this.#deadLetter(taken, taken.refused)
    else if (taken.input === null) this.#erase(taken)
    else this.#score(taken)
  }

  committed(): void {
    for (const customer of this.#touched) {
      customer.state = customer.draft
      customer.draft = null
      customer.touched = false
      customer.batch = this.#batch
    }
  }

  get #arena(): ByteArena {
    return this.#arenas[this.#batch % 2 === 0 ? 0 : 1]
  }

  #score(taken: TakenRecord): void {
    const { scoring, broadcast, streamTimes } = this.#options
    const context = this.#context
    const input = taken.input!
    const { tenantId, customerId, eventId } = input.event
    const customer = this.#customerOf(taken)
    const current = customer.touched ? customer.draft : customer.state
    context.input = input
    context.tenantId = tenantId
    context.customerId = customerId
    context.tenant = broadcast.settings(tenantId)
    context.models = broadcast.models(tenantId)
    context.thresholds = broadcast.thresholds(tenantId)
    context.streamTime = streamTimes.of(tenantId)
    context.draft = current === null ? newCustomerState() : cloneState(current)
    let outcome: ReturnType<Scoring['process']>
    let value: Buffer | null = null
    let changes = NO_CHANGES
    try {
      outcome = scoring.process(context)
      // What can't be written is a bug of ours on this event too: all is encoded before any of it counts.
      if (outcome.kind === 'forward') {
        value = this.#arena.write((into, at) => this.#options.customerCodec.encodeInto(context.customer, into, at))
        if (value.length > MAX_CUSTOMER_BYTES) outcome = tooLarge(value.length)
        else if (context.changes.length > 0) changes = context.changes.map((change) => this.#encodeChange(change))
      }
    } catch (error) {
      this.#options.errors.failed(error)
      this.#deadLetter(taken, { stage: 'processor', reason: 'PROCESSOR_ERROR', error: messageOf(error) })
      return
    }
    this.#options.errors.passed()
    if (outcome.kind === 'drop') this.#counts.dropped(outcome.reason)
    else if (outcome.kind === 'deadLetter') this.#deadLetter(taken, outcome)
    else {
      const { outputs } = this.#options
      const headers = this.#headers.encode(
        taken.topic,
        'event',
        taken.record.offset,
        eventId,
        taken.record.timestamp,
        context.now,
      )
      const key = taken.record.key!
      outputs.customer(key, value, context.now, headers)
      for (const change of changes) outputs.change(key, change, context.now, headers)
      this.#counts.scored++
      this.#counts.changes += changes.length
      streamTimes.observe(tenantId, context.draft.newestAt)
      customer.draft = context.draft
      customer.value = value
      customer.probability = context.customer.lead.probability
      customer.risk = context.customer.churn.risk
      this.#touch(customer)
    }
  }

  #encodeChange(change: ScoreChange): Buffer {
    return this.#arena.write((into, at) => this.#options.changeCodec.encodeInto(change, into, at))
  }

  /** A null value on `profiles`: nothing of the customer stays. */
  #erase(taken: TakenRecord): void {
    const { outputs } = this.#options
    const customer = this.#customerOf(taken)
    const { record, topic } = taken
    const eventId = `erasure:${topic}/${this.#options.partition}/${record.offset}`
    const headers = this.#headers.encode(topic, 'erasure', record.offset, eventId, record.timestamp, this.#context.now)
    outputs.customer(record.key!, null, this.#context.now, headers)
    this.#counts.erasures++
    customer.draft = null
    customer.value = null
    this.#touch(customer)
  }

  /** Those that `prepare` didn't find were loaded since. */
  #customerOf(taken: TakenRecord): CachedCustomer {
    taken.customer ??= this.#options.cache.get(taken.key)!
    return taken.customer
  }

  #touch(customer: CachedCustomer): void {
    if (customer.touched) return
    customer.touched = true
    this.#touched.push(customer)
  }

  #deadLetter(taken: TakenRecord, letter: DeadLetter): void {
    const { key, value, headers } = encodeDeadLetter(taken.topic, this.#options.partition, taken.record, letter)
    this.#options.outputs.deadLetter(key, value, this.#context.now, headers)
    this.#counts.deadLettered(letter.reason)
  }
}

function tooLarge(bytes: number): DeadLetter & { kind: 'deadLetter' } {
  const error = `state: the customers record would have ${bytes} bytes, more than ${MAX_CUSTOMER_BYTES}`
  return { kind: 'deadLetter', stage: 'encode', reason: 'STATE_TOO_LARGE', error }
}

function decodeFailure(error: AppError): DeadLetter {
  const { reason } = error.details
  return { stage: 'decode', reason: typeof reason === 'string' ? reason : error.code, error: error.message }
}
