import { VarintReader } from '../../schemas/varint.ts'
import { ConsumedRecord } from './consumed-record.ts'

/** The records of one batch, decompressed. */
export interface RecordRun {
  readonly bytes: Buffer
  /** Where the first record begins. */
  readonly start: number
  readonly count: number
  readonly baseOffset: number
  readonly firstTimestamp: number
  /** The broker's, where the topic says LogAppendTime; else null. */
  readonly appendTime: number | null
}

/** Records that wait, to be taken one after another. */
export interface RecordSource {
  /** How many are left. */
  readonly left: number
  /** What those that were there at first take: keys, values, and what holding them costs. */
  readonly bytes: number
  /** Call while some are left. */
  next(): ConsumedRecord
}

/** What holding a record costs besides its key and value, about. */
const RECORD_BYTES = 64

/** Bytes by which a record counts in `RecordSource.bytes`. */
export function sizeOf({ keyLength, valueLength }: Pick<ConsumedRecord, 'keyLength' | 'valueLength'>): number {
  return Math.max(keyLength, 0) + Math.max(valueLength, 0) + RECORD_BYTES
}

/**
 * The records of a fetch answer. Each is made when it is taken: a task has hundreds of thousands waiting, and what waits as
 * an object is copied and marked by the garbage collector again and again.
 */
export class FetchedRecords implements RecordSource, Iterable<ConsumedRecord> {
  readonly bytes: number
  readonly #runs: RecordRun[]
  readonly #fetchOffset: number
  #run = -1
  #reader = new VarintReader(new Uint8Array(0), 0)
  #leftOfRun = 0
  #left: number

  /** @param fetchOffset records below it are left out */
  constructor(runs: RecordRun[], fetchOffset: number) {
    this.#runs = runs
    this.#fetchOffset = fetchOffset
    let [left, bytes] = [0, 0]
    for (const run of runs) {
      const reader = new VarintReader(run.bytes, run.start)
      for (let i = 0; i < run.count; i++) {
        const end = reader.next() + reader.at
        reader.at++
        reader.next()
        const isWanted = run.baseOffset + reader.next() >= fetchOffset
        const keyLength = reader.next()
        reader.at += Math.max(keyLength, 0)
        const valueLength = reader.next()
        reader.at = end
        if (!isWanted) continue
        left++
        bytes += sizeOf({ keyLength, valueLength })
      }
    }
    this.#left = left
    this.bytes = bytes
  }

  get left(): number {
    return this.#left
  }

  next(): ConsumedRecord {
    this.#left--
    for (;;) {
      while (this.#leftOfRun === 0) {
        const { bytes, start, count } = this.#runs[++this.#run]!
        this.#reader = new VarintReader(bytes, start)
        this.#leftOfRun = count
      }
      this.#leftOfRun--
      const record = this.#read(this.#runs[this.#run]!, this.#reader)
      if (record !== null) return record
    }
  }

  /** Takes them all. */
  *[Symbol.iterator](): Generator<ConsumedRecord> {
    while (this.#left > 0) yield this.next()
  }

  #read({ bytes, baseOffset, firstTimestamp, appendTime }: RecordRun, reader: VarintReader): ConsumedRecord | null {
    const end = reader.next() + reader.at
    reader.at++
    const timestamp = appendTime ?? firstTimestamp + reader.next()
    if (appendTime !== null) reader.next()
    const offset = baseOffset + reader.next()
    const keyLength = reader.next()
    const keyAt = reader.at
    if (keyLength > 0) reader.at += keyLength
    const valueLength = reader.next()
    const valueAt = reader.at
    reader.at = end
    if (offset < this.#fetchOffset) return null
    return new ConsumedRecord(offset, timestamp, bytes, keyAt, keyLength, valueAt, valueLength)
  }
}
