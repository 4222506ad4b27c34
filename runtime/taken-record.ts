import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import { type AvroCodec, SchemaNeeded } from '../schemas/codec.ts'
import { AppError } from '../schemas/errors.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { TopicName } from '../schemas/topics.ts'
import type { CachedCustomer } from './customer-cache.ts'
import { type DeadLetter, decodeFailure } from './dead-letter.ts'

/** What a task reads: the records of its topics, with their types. */
export interface TaskInput {
  readonly topic: TopicName
  readonly event: object
}

/**
 * A record that waits to be processed, with its time. It is decoded when it is processed: thousands wait, and what waits is
 * copied by the garbage collector again and again.
 */
export class TakenRecord<I extends TaskInput = InputEvent> {
  readonly topic: I['topic']
  readonly record: ConsumedRecord
  /** Event time; the record's timestamp where there is no event. */
  readonly time: number
  /** Why the record can't be processed, as far as that is known; or null. */
  refused: DeadLetter | null = null
  /** Set by the batch processor: whom it is about, unless refused. */
  customer: CachedCustomer | null = null
  readonly #codec: AvroCodec<I['event']>

  constructor(topic: I['topic'], record: ConsumedRecord, time: number, codec: AvroCodec<I['event']>) {
    this.topic = topic
    this.record = record
    this.time = time
    this.#codec = codec
  }

  /**
   * What the record holds; null for a null value.
   * @throws AppError for what can't be decoded
   */
  read(): I | null {
    const { topic, record } = this
    if (record.valueLength < 0) return null
    const event = this.#codec.decodeFrom(record.bytes, record.valueAt, record.valueAt + record.valueLength)
    // It was there when the record was taken, and a schema that can be read is never forgotten.
    if (event instanceof SchemaNeeded) throw new AppError('SCHEMA_UNKNOWN', `schema ${event.id} is not there any more`)
    // The codec of a topic yields that topic's events.
    return { topic, event } as I
  }

  /** The same, but a record that can't be decoded is refused, and gives null. */
  readOrRefuse(): I | null {
    try {
      return this.read()
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.refused = decodeFailure(error)
      return null
    }
  }
}
