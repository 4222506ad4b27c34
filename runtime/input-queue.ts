import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import { type RecordSource, sizeOf } from '../connectors/kafka/fetched-records.ts'
import type { FetchProgress, FetchSink } from '../connectors/kafka/fetcher.ts'
import { type AvroCodec, SchemaNeeded } from '../schemas/codec.ts'
import { AppError } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { TopicName } from '../schemas/topics.ts'
import { TakenRecord, type TaskInput } from './taken-record.ts'

/** Where a task is in one input topic; offsets. */
export interface InputLag {
  readonly topic: TopicName
  /** Next to process. */
  readonly position: number
  /** Next to fetch: the records in between wait in the queue. */
  readonly fetched: number
  readonly end: number
  /** What waits: keys, values, and what holding them costs. */
  readonly bytes: number
}

/** The records of one input partition that were fetched and not taken yet; bounded in bytes. */
export class InputQueue<I extends TaskInput = InputEvent> implements FetchSink, InputLag {
  readonly topic: I['topic']
  readonly #codec: AvroCodec<I['event']>
  readonly #maxBytes: number
  readonly #onChange: () => void
  #sources: RecordSource[] = []
  /** Made of the first source, and not taken yet. */
  #record: ConsumedRecord | null = null
  #bytes = 0
  #head: TakenRecord<I> | null = null
  #fetchPosition: number
  #position: number
  #end: number
  #failure: AppError | null = null
  #fetchedAt = Number.NEGATIVE_INFINITY

  constructor(
    topic: I['topic'],
    codec: AvroCodec<I['event']>,
    position: number,
    maxBytes: number,
    onChange: () => void,
  ) {
    this.topic = topic
    this.#codec = codec
    this.#maxBytes = maxBytes
    this.#onChange = onChange
    this.#fetchPosition = position
    this.#position = position
    this.#end = position
  }

  get isEmpty(): boolean {
    return this.#record === null && this.#sources.length === 0
  }

  /** Records are known to be in the topic that were not fetched yet. */
  get hasUnread(): boolean {
    return this.#fetchPosition < this.#end
  }

  /** The offset after the last record taken: what to commit. */
  get position(): number {
    return this.isEmpty ? this.#fetchPosition : this.#position
  }

  /** The end of the topic for a read_committed reader, as far as it is known. */
  get end(): number {
    return this.#end
  }

  get bytes(): number {
    return this.#bytes
  }

  get fetched(): number {
    return this.#fetchPosition
  }

  /** performance.now() of the last answer of the broker: `end` was right then. */
  get fetchedAt(): number {
    return this.#fetchedAt
  }

  wantsMore(): boolean {
    return this.#bytes < this.#maxBytes
  }

  /** Call before the first fetch: the log holds records up to there, or did so a moment ago. */
  expectUntil(end: number): void {
    this.#end = end
  }

  push(records: RecordSource, progress: FetchProgress): void {
    if (this.isEmpty) this.#position = this.#fetchPosition
    this.#fetchPosition = progress.position
    this.#end = progress.lastStableOffset
    this.#fetchedAt = performance.now()
    if (records.left > 0) {
      this.#bytes += records.bytes
      this.#sources.push(records)
    }
    this.#onChange()
  }

  failed(error: AppError): void {
    this.#failure = error
    this.#onChange()
  }

  /**
   * The next record, with its time; it stays until `take`.
   * @throws AppError SCHEMA_INCOMPATIBLE: none of these records can be read; or why the partition can't be fetched
   */
  peek(): TakenRecord<I> | SchemaNeeded | null {
    if (this.#head) return this.#head
    if (this.isEmpty) {
      if (this.#failure) throw this.#failure
      return null
    }
    this.#record ??= this.#next()
    const read = this.#read(this.#record)
    if (!(read instanceof SchemaNeeded)) this.#head = read
    return read
  }

  /** Removes the record that `peek` gave. */
  take(): void {
    const { record } = this.#head!
    this.#head = null
    this.#record = null
    this.#position = record.offset + 1
    this.#bytes -= sizeOf(record)
  }

  #next(): ConsumedRecord {
    const source = this.#sources[0]!
    const record = source.next()
    if (source.left === 0) this.#sources.shift()
    return record
  }

  async loadSchema(id: number): Promise<void> {
    await this.#codec.load(id)
  }

  #read(record: ConsumedRecord): TakenRecord<I> | SchemaNeeded {
    const time = this.#timeOf(record)
    return time instanceof SchemaNeeded ? time : new TakenRecord(this.topic, record, time, this.#codec)
  }

  #timeOf(record: ConsumedRecord): number | SchemaNeeded {
    if (record.valueLength < 0) return record.timestamp
    const codec = this.#codec
    const start = record.valueAt
    const end = start + record.valueLength
    try {
      const time = codec.timeFrom(record.bytes, start, end)
      if (!Number.isNaN(time)) return time
      const event = codec.decodeFrom(record.bytes, start, end)
      if (event instanceof SchemaNeeded) return event
      // Deltas have no time of their own.
      return 'occurredAt' in event ? (event.occurredAt as number) : record.timestamp
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (error.code === 'SCHEMA_INCOMPATIBLE') throw unreadableAt(this.topic, record.offset, error)
      // Whoever reads it hears of that again.
      return record.timestamp
    }
  }
}

/** Names the record: whoever mends it has to know which one. */
function unreadableAt(topic: TopicName, offset: number, cause: AppError): AppError {
  return new AppError(cause.code, `${topic} at offset ${offset}: ${cause.message}`, {
    cause,
    details: { ...cause.details, topic, offset },
  })
}
