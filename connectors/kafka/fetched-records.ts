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
  /** None without records. */
  readonly #runs: readonly RecordRun[]
  #run = -1
  #reader = new VarintReader(new Uint8Array(0), 0)
  #leftOfRun = 0
  #left: number

  /** @param fetchOffset records below it are left out: the first ones of a batch that holds some */
  constructor(runs: readonly RecordRun[], fetchOffset: number) {
    const wanted: RecordRun[] = []
    let [left, bytes] = [0, 0]
    for (const run of runs) {
      const reader = new VarintReader(run.bytes, run.start)
      let { start, count } = run
      for (let i = 0; i < run.count; i++) {
        const record = readRecord(run, reader)
        if (record.offset >= fetchOffset) bytes += sizeOf(record)
        else {
          start = reader.at
          count--
        }
      }
      if (count > 0) wanted.push({ ...run, start, count })
      left += count
    }
    this.#runs = wanted
    this.#left = left
    this.bytes = bytes
  }

  get left(): number {
    return this.#left
  }

  next(): ConsumedRecord {
    if (this.#leftOfRun === 0) {
      const { bytes, start, count } = this.#runs[++this.#run]!
      this.#reader = new VarintReader(bytes, start)
      this.#leftOfRun = count
    }
    this.#leftOfRun--
    this.#left--
    return readRecord(this.#runs[this.#run]!, this.#reader)
  }

  /** Takes them all. */
  *[Symbol.iterator](): Generator<ConsumedRecord> {
    while (this.#left > 0) yield this.next()
  }
}

/** Makes the record at which the reader stands, and leaves it at the next one. */
function readRecord(
  { bytes, baseOffset, firstTimestamp, appendTime }: RecordRun,
  reader: VarintReader,
): ConsumedRecord {
  const end = reader.next() + reader.at
  reader.at++
  const timestamp = firstTimestamp + reader.next()
  const offset = baseOffset + reader.next()
  const keyLength = reader.next()
  const keyAt = reader.at
  if (keyLength > 0) reader.at += keyLength
  const valueLength = reader.next()
  const valueAt = reader.at
  reader.at = end
  return new ConsumedRecord(offset, appendTime ?? timestamp, bytes, keyAt, keyLength, valueAt, valueLength)
}
