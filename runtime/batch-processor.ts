import type { TransactionOutput } from '../connectors/kafka/transactional-producer.ts'
import type { Models } from '../models/linear-model.ts'
import { nextLookAt } from '../models/next-look.ts'
import { createEventContext, type EventContext } from '../processors/event-context.ts'
import type { Outcome } from '../processors/outcome.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { ScoreSample } from '../schemas/avro/score-sample.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import { type CustomerState, cloneState, NEVER } from '../schemas/customer-state.ts'
import { messageOf } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { encodeState } from '../schemas/state-codec.ts'
import type { Thresholds } from '../schemas/thresholds.ts'
import { writeVarint } from '../schemas/varint.ts'
import type { Scoring } from '../topology/scoring.ts'
import type { BatchOutputs, Placed } from './batch-outputs.ts'
import { ByteArena } from './byte-arena.ts'
import { misnamed, misplaced } from './check-key.ts'
import type { ChurnSnapshots } from './churn-snapshots.ts'
import { type CachedCustomer, type CustomerCache, newPendingRecord, type PendingRecord } from './customer-cache.ts'
import { type DeadLetter, decodeFailure, encodeDeadLetter } from './dead-letter.ts'
import type { ErrorRate } from './error-rate.ts'
import type { TakenRecord } from './input-queue.ts'
import { CUSTOMER_HEADERS, NO_ORIGIN_HEADERS, ORIGIN_HEADERS, ResultHeaders } from './record-headers.ts'
import { StatePool } from './state-pool.ts'
import type { StreamTimes } from './stream-time.ts'
import { EventCounts } from './task-counters.ts'
import type { WindowDeltas } from './window-deltas.ts'

/** A quarter of what `customers` takes, whatever limits the settings allow. */
const MAX_STATE_BYTES = 2 * 1024 * 1024
/** A batch ends when what it writes comes to about this, or one event later. */
const FULL_BYTES = 8 * 1024 * 1024
/** What a customer of whom nothing is known yet will come to, about. */
const NEW_CUSTOMER_BYTES = 512

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

export interface BatchProcessorOptions {
  readonly partition: number
  readonly partitions: number
  readonly scoring: Scoring
  readonly broadcast: Broadcast
  readonly customerCodec: AvroCodec<Customer>
  readonly changeCodec: AvroCodec<ScoreChange>
  readonly exampleCodec: AvroCodec<TrainingExample>
  readonly sampleCodec: AvroCodec<ScoreSample>
  readonly cache: CustomerCache
  readonly snapshots: ChurnSnapshots
  readonly outputs: BatchOutputs
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
  readonly #headers: ResultHeaders
  /** Two, used by turns: Redis is still being sent one batch's values while the next batch is encoded. */
  readonly #arenas = [new ByteArena(), new ByteArena()] as const
  readonly #counts = new EventCounts()
  readonly #states = new StatePool()
  #pending: PendingRecord[] = []
  #scratch = Buffer.allocUnsafeSlow(4_096)
  #touched: CachedCustomer[] = []
  #replanned = new Set<CachedCustomer>()
  #looked = 0
  #batch = 0
  #bytes = 0

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
      cache.keep(customer, draft, this.#scratch, 0, this.#encode(draft))
      this.#close(customer)
    }
    for (const customer of this.#touched) {
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

  get #arena(): ByteArena {
    return this.#arenas[this.#batch % 2 === 0 ? 0 : 1]
  }

  /** @param careful each event has a draft of its own, encoded before it counts */
  #run({ batch, moved, look }: Work, careful: boolean): number {
    for (const customer of [...this.#touched, ...this.#replanned]) {
      customer.touched = false
      customer.draft = null
      customer.before = null
    }
    this.#states.reset()
    this.#touched = []
    this.#replanned = new Set()
    this.#looked = 0
    this.#bytes = 0
    this.#counts.clear()
    this.#arena.reset()
    this.#context.now = this.#options.now()
    this.#options.outputs.reset(this.#context.now)
    this.#options.windowDeltas.reset()
    this.#options.snapshots.reset()
    for (const { key, cause } of moved) this.#rerank(this.#options.cache.get(key)!, cause, careful)
    let done = 0
    while (done < batch.length && this.#bytes < FULL_BYTES && !this.#options.windowDeltas.isFull) {
      const taken = batch[done++]!
      if (taken.refused) this.#deadLetter(taken, taken.refused)
      else if (taken.input === null) this.#erase(taken)
      else this.#score(taken, careful)
    }
    while (done === batch.length && this.#looked < look.due.length && this.#bytes < FULL_BYTES) {
      const customer = this.#options.cache.get(look.due[this.#looked++]!)!
      this.#fireTimers(customer, look.clockOf(customer.tenantId), careful)
      // Also if there was nothing to fire: the entry of the index that led here is then put right.
      this.#replanned.add(customer)
    }
    this.#seal()
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
      if (outcome.kind === 'forward' && careful && this.#encode(context.draft) > MAX_STATE_BYTES) outcome = tooLarge()
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
          if (careful && this.#encode(context.draft) > MAX_STATE_BYTES) throw new Error('the state is too large')
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
      if (careful && this.#encode(this.#context.draft) > MAX_STATE_BYTES) return
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

  /**
   * Encodes what the customer's event gave, or what moved him without one. What can't be encoded throws before any of it
   * counts.
   */
  #forward(customer: CachedCustomer, taken: TakenRecord | null): void {
    const { customerCodec, changeCodec, exampleCodec, sampleCodec, outputs, snapshots, streamTimes, windowDeltas } =
      this.#options
    const context = this.#context
    const arena = this.#arena
    const headers = this.#headers
    const record = taken?.record ?? null
    const keyBytes = record === null ? Buffer.from(customer.key) : record.bytes
    const keyAt = record === null ? 0 : record.keyAt
    const keyLength = record === null ? keyBytes.length : record.keyLength
    const headerCount = taken === null ? NO_ORIGIN_HEADERS : CUSTOMER_HEADERS
    let valueEnd = 0
    const keyStart = arena.place((into, at) => {
      if (at + keyLength > into.length) return -1
      const start = at + keyBytes.copy(into, at, keyAt, keyAt + keyLength)
      valueEnd = customerCodec.encodeInto(context.customer, into, start)
      if (valueEnd < 0) return valueEnd
      if (taken === null) return headers.writeWithoutOrigin(into, valueEnd, context.eventId)
      return headers.write(into, valueEnd, taken.topic, taken.record.offset, taken.record.timestamp, context.eventId)
    })
    const source = arena.buffer
    const headersEnd = arena.end
    const start = keyStart + keyLength
    const changes = context.changes.map((change): Placed => {
      const length = taken === null ? 0 : headers.originEnd - valueEnd
      let end = 0
      const from = arena.place((into, at) => {
        if (at + keyLength > into.length) return -1
        end = changeCodec.encodeInto(change, into, at + source.copy(into, at, keyStart, start))
        if (end < 0 || end + length > into.length) return -1
        return end + source.copy(into, end, valueEnd, valueEnd + length)
      })
      return {
        source: arena.buffer,
        keyStart: from,
        start: from + keyLength,
        valueEnd: end,
        headersEnd: arena.end,
        headerCount: taken === null ? 0 : ORIGIN_HEADERS,
      }
    })
    const examples = context.examples.map((example) => exampleCodec.encode(example))
    const sample = context.sample && sampleCodec.encode(context.sample)
    if (context.snapshot !== null) this.#bytes += snapshots.open(customer.key, context.snapshot)
    for (const each of changes) {
      outputs.change(each)
      this.#bytes += each.headersEnd - each.keyStart
    }
    for (const each of examples) {
      outputs.example(source.subarray(keyStart, start), each)
      this.#bytes += each.length
    }
    if (sample !== null) {
      outputs.sample(source.subarray(keyStart, start), sample)
      this.#bytes += sample.length
    }
    this.#hold(customer, source, keyStart, start, valueEnd, headersEnd, headerCount)
    windowDeltas.add(context)
    if (taken !== null && context.late !== null) this.#deadLetter(taken, { stage: 'window', ...context.late })
    streamTimes.observe(context.tenantId, context.draft.newestAt)
    if (taken !== null) this.#counts.scored++
    this.#counts.changes += changes.length
    this.#counts.examples += examples.length
    if (context.outcomeWithoutExample) this.#counts.outcomesWithoutExample++
    customer.draft = context.draft
    customer.probability = context.customer.lead.probability
    customer.risk = context.customer.churn.risk
  }

  /** A null value on `profiles`: nothing of the customer stays. */
  #erase(taken: TakenRecord): void {
    const customer = this.#customerOf(taken)
    const { record, topic } = taken
    // What is read here, populations need as well: they count him out where he stood.
    const current = customer.draft ?? this.#copyOf(customer)
    this.#options.snapshots.drop(customer.key, current?.openSnapshots ?? [])
    const eventId = `erasure:${topic}/${this.#options.partition}/${record.offset}`
    const arena = this.#arena
    let start = 0
    const keyStart = arena.place((into, at) => {
      if (at + record.keyLength > into.length) return -1
      start = at + record.bytes.copy(into, at, record.keyAt, record.keyAt + record.keyLength)
      return this.#headers.write(into, start, topic, record.offset, record.timestamp, eventId)
    })
    this.#hold(customer, arena.buffer, keyStart, start, start, arena.end, CUSTOMER_HEADERS)
    this.#counts.erasures++
    customer.draft = null
  }

  /** The customer's newest record waits; the one before it is written as it stands, without the state. */
  #hold(
    customer: CachedCustomer,
    source: Buffer,
    keyStart: number,
    start: number,
    valueEnd: number,
    headersEnd: number,
    headerCount: number,
  ): void {
    if (customer.touched) this.#options.outputs.customer(customer.pending)
    else {
      customer.pending = this.#pending[this.#touched.length] ??= newPendingRecord()
      customer.touched = true
      this.#touched.push(customer)
      this.#bytes += Math.max(customer.bytes, NEW_CUSTOMER_BYTES)
    }
    const { pending } = customer
    pending.source = source
    pending.keyStart = keyStart
    pending.start = start
    pending.valueEnd = valueEnd
    pending.headersEnd = headersEnd
    pending.headerCount = headerCount
    pending.stateBytes = 0
    this.#bytes += headersEnd - keyStart
  }

  /** Writes what waits: tombstones first, as the last record holds the input offsets and tombstones don't stay for ever. */
  #seal(): void {
    let last: CachedCustomer | null = null
    for (const isErased of [true, false]) {
      for (const customer of this.#touched) {
        if ((customer.draft === null) !== isErased) continue
        if (last !== null) this.#options.outputs.customer(last.pending)
        last = customer
        if (customer.draft !== null) this.#complete(customer, customer.draft)
        else customer.bytes = 0
      }
    }
    if (last === null) return
    this.#options.outputs.lastCustomer(last.pending)
  }

  /** Puts the state in: it is the record's last field, of which only the length, 0, has been written. */
  #complete(customer: CachedCustomer, draft: CustomerState): void {
    const { pending } = customer
    const stateBytes = this.#sealedState(draft)
    const { source, keyStart, start, valueEnd, headersEnd } = pending
    let end = 0
    const room = headersEnd - keyStart + 8 + stateBytes
    const placed = this.#arena.place((into, at) => {
      if (at + room > into.length) return -1
      source.copy(into, at, keyStart, valueEnd - 1)
      end = writeVarint(into, at + valueEnd - 1 - keyStart, stateBytes)
      end += this.#scratch.copy(into, end, 0, stateBytes)
      return end + source.copy(into, end, valueEnd, headersEnd)
    })
    pending.source = this.#arena.buffer
    pending.keyStart = placed
    pending.start = placed + start - keyStart
    pending.valueEnd = end
    pending.stateBytes = stateBytes
    pending.headersEnd = this.#arena.end
    customer.bytes = end - pending.start
  }

  /** @throws DraftSpoilt: of which of the customer's events it is the fault is found out by doing the batch again */
  #sealedState(draft: CustomerState): number {
    let length: number
    try {
      length = this.#encode(draft)
    } catch {
      throw new DraftSpoilt()
    }
    if (length > MAX_STATE_BYTES) throw new DraftSpoilt()
    return length
  }

  /** The state into the scratch buffer. @returns its length, or Infinity when it is too long for any record */
  #encode(draft: CustomerState): number {
    for (;;) {
      try {
        return encodeState(draft, this.#scratch, 0)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        if (this.#scratch.length >= MAX_STATE_BYTES) return Number.POSITIVE_INFINITY
        this.#scratch = Buffer.allocUnsafeSlow(this.#scratch.length * 2)
      }
    }
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
