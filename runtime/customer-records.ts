import type { EventContext } from '../processors/event-context.ts'
import type { Customer } from '../schemas/avro/customer.ts'
import type { ScoreChange } from '../schemas/avro/score-change.ts'
import type { ScoreSample } from '../schemas/avro/score-sample.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import type { CustomerState } from '../schemas/customer-state.ts'
import { encodeState } from '../schemas/state-codec.ts'
import { writeVarint } from '../schemas/varint.ts'
import type { BatchOutputs } from './batch-outputs.ts'
import { ByteArena } from './byte-arena.ts'
import { type CachedCustomer, newPendingRecord, type PendingRecord } from './customer-cache.ts'
import { CUSTOMER_HEADERS, NO_ORIGIN_HEADERS, ORIGIN_HEADERS, ResultHeaders } from './record-headers.ts'
import type { TakenRecord } from './taken-record.ts'

/** A quarter of what `customers` takes, whatever limits the settings allow. */
export const MAX_STATE_BYTES = 2 * 1024 * 1024
/** Room for a record without its key; one that needs more is written again. */
const RECORD_BYTES = 2_048
/** What a customer of whom nothing is known yet will come to, about. */
const NEW_CUSTOMER_BYTES = 512

export interface CustomerRecordsOptions {
  readonly partition: number
  readonly customerCodec: AvroCodec<Customer>
  readonly changeCodec: AvroCodec<ScoreChange>
  readonly exampleCodec: AvroCodec<TrainingExample>
  readonly sampleCodec: AvroCodec<ScoreSample>
  readonly outputs: BatchOutputs
}

/** Encodes what a batch says of its customers. Only the last `customers` record of a customer carries his state. */
export class CustomerRecords {
  readonly #options: CustomerRecordsOptions
  readonly #headers: ResultHeaders
  /** Two, used by turns: Redis is still being sent one batch's values while the next batch is encoded. */
  #arena = new ByteArena()
  #otherArena = new ByteArena()
  readonly #pending: PendingRecord[] = []
  /** Of the event under way: its `customers` record without the state, and its changes; used again for the next. */
  readonly #record = newPendingRecord()
  readonly #changes: PendingRecord[] = []
  #scratch = Buffer.allocUnsafeSlow(4_096)
  #touched: CachedCustomer[] = []
  #bytes = 0

  constructor(options: CustomerRecordsOptions) {
    this.#options = options
    this.#headers = new ResultHeaders(options.partition)
  }

  /** Customers of whom there are records. */
  get touched(): readonly CachedCustomer[] {
    return this.#touched
  }

  /** What all records come to, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** Where `encodeState` writes, from 0 on. */
  get encodedState(): Buffer {
    return this.#scratch
  }

  /**
   * Begins a batch: what the one before wrote stays where it is, what that before it wrote doesn't.
   * @param now epoch ms
   * @param again the batch that was begun last is begun anew
   */
  begin(now: number, again: boolean): void {
    if (!again) [this.#arena, this.#otherArena] = [this.#otherArena, this.#arena]
    this.#arena.reset()
    this.#touched = []
    this.#bytes = 0
    this.#options.outputs.reset(now)
  }

  /**
   * Writes what an event of the customer, or something else (`taken` is null), gave.
   * @throws AppError what can't be encoded, before any of it counts
   */
  write(context: EventContext, customer: CachedCustomer, taken: TakenRecord | null): void {
    const { exampleCodec, sampleCodec, outputs } = this.#options
    const { changes } = context
    const record = this.#record
    this.#writeCustomer(context, customer, taken)
    while (this.#changes.length < changes.length) this.#changes.push(newPendingRecord())
    for (let i = 0; i < changes.length; i++) this.#writeChange(changes[i]!, taken, this.#changes[i]!)
    const examples = context.examples.map((example) => exampleCodec.encode(example))
    const sample = context.sample && sampleCodec.encode(context.sample)
    // All is encoded: from here on it counts.
    for (let i = 0; i < changes.length; i++) {
      const change = this.#changes[i]!
      outputs.change(change)
      this.#bytes += change.headersEnd - change.keyStart
    }
    for (const each of examples) {
      outputs.example(keyOf(record), each)
      this.#bytes += each.length
    }
    if (sample !== null) {
      outputs.sample(keyOf(record), sample)
      this.#bytes += sample.length
    }
    this.#hold(customer)
  }

  /** Key, value and headers of a `customers` record into the arena; `#record` is where. */
  #writeCustomer(context: EventContext, customer: CachedCustomer, taken: TakenRecord | null): void {
    const arena = this.#arena
    const written = this.#record
    const record = taken?.record ?? null
    const key = record === null ? Buffer.from(customer.key) : record.bytes
    const keyAt = record === null ? 0 : record.keyAt
    const keyLength = record === null ? key.length : record.keyLength
    for (let room = keyLength + RECORD_BYTES; ; room *= 2) {
      const keyStart = arena.reserve(room)
      const into = arena.buffer
      const start = keyStart + key.copy(into, keyStart, keyAt, keyAt + keyLength)
      const valueEnd = this.#options.customerCodec.encodeInto(context.customer, into, start)
      if (valueEnd < 0) continue
      const end =
        taken === null
          ? this.#headers.writeWithoutOrigin(into, valueEnd, context.eventId)
          : this.#headers.write(into, valueEnd, taken.topic, taken.record, context.eventId)
      if (end > into.length) continue
      arena.use(end)
      place(written, into, keyStart, start, valueEnd, end, taken === null ? NO_ORIGIN_HEADERS : CUSTOMER_HEADERS)
      return
    }
  }

  /** The same for a `score-changes` record, with key and origin of `#record`. */
  #writeChange(change: ScoreChange, taken: TakenRecord | null, written: PendingRecord): void {
    const arena = this.#arena
    const { source, keyStart: from, start: to, valueEnd: originAt } = this.#record
    const originEnd = taken === null ? originAt : this.#headers.originEnd
    for (let room = RECORD_BYTES + to - from + originEnd - originAt; ; room *= 2) {
      const keyStart = arena.reserve(room)
      const into = arena.buffer
      const start = keyStart + source.copy(into, keyStart, from, to)
      const valueEnd = this.#options.changeCodec.encodeInto(change, into, start)
      const end = valueEnd + originEnd - originAt
      if (valueEnd < 0 || end > into.length) continue
      source.copy(into, valueEnd, originAt, originEnd)
      arena.use(end)
      place(written, into, keyStart, start, valueEnd, end, taken === null ? 0 : ORIGIN_HEADERS)
      return
    }
  }

  /** Nothing of the customer stays. */
  writeTombstone(customer: CachedCustomer, { record, topic }: TakenRecord): void {
    const eventId = `erasure:${topic}/${this.#options.partition}/${record.offset}`
    const arena = this.#arena
    const keyStart = arena.reserve(record.keyLength + this.#headers.room(eventId))
    const start = keyStart + record.bytes.copy(arena.buffer, keyStart, record.keyAt, record.keyAt + record.keyLength)
    arena.use(this.#headers.write(arena.buffer, start, topic, record, eventId))
    place(this.#record, arena.buffer, keyStart, start, start, arena.end, CUSTOMER_HEADERS)
    this.#hold(customer)
  }

  /** `#record`, the customer's newest, waits; the one before it is written as it stands, without the state. */
  #hold(customer: CachedCustomer): void {
    if (customer.touched) this.#options.outputs.customer(customer.pending)
    else {
      customer.pending = this.#pending[this.#touched.length] ??= newPendingRecord()
      customer.touched = true
      this.#touched.push(customer)
      this.#bytes += Math.max(customer.bytes, NEW_CUSTOMER_BYTES)
    }
    const { source, keyStart, start, valueEnd, headersEnd, headerCount } = this.#record
    place(customer.pending, source, keyStart, start, valueEnd, headersEnd, headerCount)
    this.#bytes += headersEnd - keyStart
  }

  /**
   * Writes what waits: tombstones first, as the last record holds the input offsets and tombstones don't stay for ever.
   * @returns false: a state can't be written, and the batch is worthless
   */
  seal(): boolean {
    let last: CachedCustomer | null = null
    for (const isErased of [true, false]) {
      for (const customer of this.#touched) {
        if ((customer.draft === null) !== isErased) continue
        if (last !== null) this.#options.outputs.customer(last.pending)
        last = customer
        if (customer.draft === null) customer.bytes = 0
        else if (!this.#complete(customer, customer.draft)) return false
      }
    }
    if (last !== null) this.#options.outputs.lastCustomer(last.pending)
    return true
  }

  /** Puts the state in: it is the record's last field, of which only the length, 0, has been written. */
  #complete(customer: CachedCustomer, draft: CustomerState): boolean {
    const { pending } = customer
    const stateBytes = this.#lengthOf(draft)
    if (stateBytes > MAX_STATE_BYTES) return false
    const { source, keyStart, start, valueEnd, headersEnd } = pending
    const arena = this.#arena
    const at = arena.reserve(headersEnd - keyStart + 8 + stateBytes)
    const into = arena.buffer
    source.copy(into, at, keyStart, valueEnd - 1)
    let end = writeVarint(into, at + valueEnd - 1 - keyStart, stateBytes)
    end += this.#scratch.copy(into, end, 0, stateBytes)
    arena.use(end + source.copy(into, end, valueEnd, headersEnd))
    pending.source = into
    pending.keyStart = at
    pending.start = at + start - keyStart
    pending.valueEnd = end
    pending.stateBytes = stateBytes
    pending.headersEnd = arena.end
    customer.bytes = end - pending.start
    return true
  }

  /** Infinity for one that can't be encoded at all: whose fault that is, is found out by doing the batch again. */
  #lengthOf(draft: CustomerState): number {
    try {
      return this.encodeState(draft)
    } catch {
      return Number.POSITIVE_INFINITY
    }
  }

  /** @throws AppError INTERNAL when it can't be encoded at all */
  isTooLarge(draft: CustomerState): boolean {
    return this.encodeState(draft) > MAX_STATE_BYTES
  }

  /** The state into the scratch buffer. @returns its length, or Infinity when it is too long for any record */
  encodeState(draft: CustomerState): number {
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
}

/** Says where a record without a state stands. */
function place(
  record: PendingRecord,
  source: Buffer,
  keyStart: number,
  start: number,
  valueEnd: number,
  headersEnd: number,
  headerCount: number,
): void {
  record.source = source
  record.keyStart = keyStart
  record.start = start
  record.valueEnd = valueEnd
  record.headersEnd = headersEnd
  record.headerCount = headerCount
  record.stateBytes = 0
}

function keyOf({ source, keyStart, start }: PendingRecord): Buffer {
  return source.subarray(keyStart, start)
}
