import { ConsumedRecord } from '../connectors/kafka/record-batch-reader.ts'

/** Of each record: offset and timestamp. */
const LONGS = 2
/** Of each record: which buffer, where its key is and how long, where its value is and how long. */
const INTS = 5

/**
 * Records that wait, as numbers: tens of thousands wait for each topic of a partition, and as objects they would be copied
 * and marked by the garbage collector until their turn comes.
 */
export class PackedRecords {
  readonly length: number
  readonly #longs: Float64Array
  readonly #ints: Int32Array
  readonly #buffers: Buffer[] = []

  constructor(records: readonly ConsumedRecord[]) {
    this.length = records.length
    this.#longs = new Float64Array(records.length * LONGS)
    this.#ints = new Int32Array(records.length * INTS)
    for (let i = 0; i < records.length; i++) this.#put(i, records[i]!)
  }

  /** @param i from 0 to below `length` */
  at(i: number): ConsumedRecord {
    const longs = this.#longs
    const ints = this.#ints
    const int = i * INTS
    return new ConsumedRecord(
      longs[i * LONGS]!,
      longs[i * LONGS + 1]!,
      this.#buffers[ints[int]!]!,
      ints[int + 1]!,
      ints[int + 2]!,
      ints[int + 3]!,
      ints[int + 4]!,
    )
  }

  #put(i: number, { offset, timestamp, bytes, keyAt, keyLength, valueAt, valueLength }: ConsumedRecord): void {
    const buffers = this.#buffers
    if (buffers.length === 0 || buffers[buffers.length - 1] !== bytes) buffers.push(bytes)
    this.#longs[i * LONGS] = offset
    this.#longs[i * LONGS + 1] = timestamp
    const int = i * INTS
    this.#ints[int] = buffers.length - 1
    this.#ints[int + 1] = keyAt
    this.#ints[int + 2] = keyLength
    this.#ints[int + 3] = valueAt
    this.#ints[int + 4] = valueLength
  }
}
