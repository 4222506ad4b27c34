import { encodeHeader, RecordBatchBuilder } from '../connectors/kafka/record-batch-builder.ts'
import type { TransactionOutput } from '../connectors/kafka/transactional-producer.ts'
import type { EncodedHeaders } from './record-headers.ts'

export interface OutputTopics {
  readonly customers: string
  readonly scoreChanges: string
  readonly deadLetters: string
}

interface Held {
  readonly key: Uint8Array
  readonly value: Buffer | null
  readonly timestamp: number
}

/** Closes a batch well below the 8 MiB that the result topics take as one record batch. */
const FULL_BYTES = 3 * 1024 * 1024

/** The records that one batch writes: one Kafka record batch for each of the three result topics. */
export class BatchOutputs {
  readonly #topics: OutputTopics
  readonly #partition: number
  readonly #customers = new RecordBatchBuilder()
  readonly #changes = new RecordBatchBuilder()
  readonly #deadLetters = new RecordBatchBuilder()
  #held: Held | null = null
  #heldHeaders = Buffer.alloc(256)
  #heldHeaderBytes = 0
  #heldHeaderCount = 0

  constructor(topics: OutputTopics, partition: number) {
    this.#topics = topics
    this.#partition = partition
  }

  get isFull(): boolean {
    return (
      this.#customers.bytes > FULL_BYTES || this.#changes.bytes > FULL_BYTES || this.#deadLetters.bytes > FULL_BYTES
    )
  }

  /** Records in `customers`, the held one included. */
  get customers(): number {
    return this.#customers.count + (this.#held === null ? 0 : 1)
  }

  reset(): void {
    this.#held = null
    this.#customers.reset()
    this.#changes.reset()
    this.#deadLetters.reset()
  }

  /** Held back until the next one: the last of a batch gets one header more. Copies the headers, not the value. */
  customer(key: Uint8Array, value: Buffer | null, timestamp: number, headers: EncodedHeaders): void {
    this.#release()
    this.#held = { key, value, timestamp }
    if (headers.bytes.length > this.#heldHeaders.length) this.#heldHeaders = Buffer.alloc(headers.bytes.length * 2)
    this.#heldHeaders.set(headers.bytes)
    this.#heldHeaderBytes = headers.bytes.length
    this.#heldHeaderCount = headers.count
  }

  change(key: Uint8Array, value: Buffer, timestamp: number, headers: EncodedHeaders): void {
    this.#changes.add(timestamp, key, value, headers.bytes, headers.count)
  }

  deadLetter(key: Uint8Array | null, value: Buffer | null, timestamp: number, headers: EncodedHeaders): void {
    this.#deadLetters.add(timestamp, key, value, headers.bytes, headers.count)
  }

  /**
   * @param inputs the next input offsets after this batch. They are the header `inputs` of its last `customers` record:
   * compaction always keeps the newest record of a log, so that the offsets are found there if the group loses them.
   */
  finish(inputs: Readonly<Record<string, number>>): TransactionOutput[] {
    if (this.#held) {
      const { key, value, timestamp } = this.#held
      const more = encodeHeader('inputs', JSON.stringify(inputs))
      const headers = Buffer.concat([this.#heldHeaders.subarray(0, this.#heldHeaderBytes), more])
      this.#customers.add(timestamp, key, value, headers, this.#heldHeaderCount + 1)
      this.#held = null
    }
    const outputs = [
      { topic: this.#topics.customers, partition: this.#partition, batch: this.#customers },
      { topic: this.#topics.scoreChanges, partition: this.#partition, batch: this.#changes },
      { topic: this.#topics.deadLetters, partition: this.#partition, batch: this.#deadLetters },
    ]
    return outputs.filter((output) => output.batch.count > 0)
  }

  #release(): void {
    if (!this.#held) return
    const { key, value, timestamp } = this.#held
    const headers = this.#heldHeaders.subarray(0, this.#heldHeaderBytes)
    this.#customers.add(timestamp, key, value, headers, this.#heldHeaderCount)
  }
}
