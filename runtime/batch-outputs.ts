import type { TransactionOutput } from '../connectors/kafka/produce-outputs.ts'
import { encodeHeader } from '../connectors/kafka/record-batch-builder.ts'
import { RecordBatches } from '../connectors/kafka/record-batches.ts'
import type { EncodedHeaders } from './dead-letter.ts'

const NO_HEADERS = Buffer.alloc(0)

export interface OutputTopics {
  readonly customers: string
  readonly scoreChanges: string
  readonly deadLetters: string
  readonly examples: string
  readonly samples: string
  readonly snapshots: string
}

/** Where an encoded record stands: its key, its value from `start` to `valueEnd` (equal: a null value), its headers. */
export interface Placed {
  readonly source: Buffer
  readonly keyStart: number
  readonly start: number
  readonly valueEnd: number
  readonly headersEnd: number
  readonly headerCount: number
}

/** The records that one batch of input writes into the result topics. */
export class BatchOutputs {
  readonly #topics: OutputTopics
  readonly #partition: number
  readonly #customers = new RecordBatches()
  readonly #changes = new RecordBatches()
  readonly #deadLetters = new RecordBatches()
  readonly #examples = new RecordBatches()
  readonly #samples = new RecordBatches()
  readonly #snapshots = new RecordBatches()
  #timestamp = 0
  #last: Placed | null = null

  constructor(topics: OutputTopics, partition: number) {
    this.#topics = topics
    this.#partition = partition
  }

  /** @param timestamp of all records that follow, epoch ms */
  reset(timestamp: number): void {
    this.#timestamp = timestamp
    this.#last = null
    this.#customers.reset()
    this.#changes.reset()
    this.#deadLetters.reset()
    this.#examples.reset()
    this.#samples.reset()
    this.#snapshots.reset()
  }

  customer({ source, keyStart, start, valueEnd, headersEnd, headerCount }: Placed): void {
    this.#customers.next.addFrom(this.#timestamp, source, keyStart, start, valueEnd, headersEnd, headerCount)
  }

  /** The last of the batch: it waits for `finish`, which gives it one header more. */
  lastCustomer(placed: Placed): void {
    this.#last = placed
  }

  change({ source, keyStart, start, valueEnd, headersEnd, headerCount }: Placed): void {
    this.#changes.next.addFrom(this.#timestamp, source, keyStart, start, valueEnd, headersEnd, headerCount)
  }

  deadLetter(key: Uint8Array | null, value: Buffer | null, headers: EncodedHeaders): void {
    this.#deadLetters.next.add(this.#timestamp, key, value, headers.bytes, headers.count)
  }

  example(key: Uint8Array, value: Buffer): void {
    this.#examples.next.add(this.#timestamp, key, value, NO_HEADERS, 0)
  }

  sample(key: Uint8Array, value: Buffer): void {
    this.#samples.next.add(this.#timestamp, key, value, NO_HEADERS, 0)
  }

  snapshot(key: Uint8Array, value: Buffer | null): void {
    this.#snapshots.next.add(this.#timestamp, key, value, NO_HEADERS, 0)
  }

  /**
   * @param inputs the next input offsets after this batch. They are the header `inputs` of its last `customers` record:
   * compaction always keeps the newest record of a log, so that the offsets are found there if the group loses them.
   */
  finish(inputs: Readonly<Record<string, number>>): TransactionOutput[] {
    if (this.#last) {
      const { source, keyStart, start, valueEnd, headersEnd, headerCount } = this.#last
      const value = valueEnd === start ? null : source.subarray(start, valueEnd)
      const headers = Buffer.concat([
        source.subarray(valueEnd, headersEnd),
        encodeHeader('inputs', JSON.stringify(inputs)),
      ])
      const key = source.subarray(keyStart, start)
      this.#customers.next.add(this.#timestamp, key, value, headers, headerCount + 1)
      this.#last = null
    }
    const partition = this.#partition
    return [
      { topic: this.#topics.customers, partition, batches: this.#customers.batches },
      { topic: this.#topics.scoreChanges, partition, batches: this.#changes.batches },
      { topic: this.#topics.deadLetters, partition, batches: this.#deadLetters.batches },
      { topic: this.#topics.examples, partition, batches: this.#examples.batches },
      { topic: this.#topics.samples, partition, batches: this.#samples.batches },
      { topic: this.#topics.snapshots, partition, batches: this.#snapshots.batches },
    ].filter(({ batches }) => batches.length > 0)
  }
}
