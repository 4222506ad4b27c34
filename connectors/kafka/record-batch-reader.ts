import { VarintReader } from '../../schemas/varint.ts'
import { decompress } from './compression.ts'

const HEADER_BYTES = 61
const COMPRESSION = 0x07
const LOG_APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20
const ABORT_MARKER = 0

/**
 * One record as it stands in a topic: where its parts are in the fetched bytes. Views of them are made only for who asks:
 * a worker has tens of thousands of records waiting, and a view costs more than the rest of a record.
 */
export class ConsumedRecord {
  readonly offset: number
  /** Milliseconds: the producer's clock, or the broker's where the topic says LogAppendTime. */
  readonly timestamp: number
  /** What holds the record, and others. */
  readonly bytes: Buffer
  readonly keyAt: number
  /** -1 for a null key. */
  readonly keyLength: number
  readonly valueAt: number
  /** -1 for a null value. */
  readonly valueLength: number

  constructor(
    offset: number,
    timestamp: number,
    bytes: Buffer,
    keyAt: number,
    keyLength: number,
    valueAt: number,
    valueLength: number,
  ) {
    this.offset = offset
    this.timestamp = timestamp
    this.bytes = bytes
    this.keyAt = keyAt
    this.keyLength = keyLength
    this.valueAt = valueAt
    this.valueLength = valueLength
  }

  /** A view into the fetched bytes. */
  get key(): Buffer | null {
    return this.keyLength < 0 ? null : this.bytes.subarray(this.keyAt, this.keyAt + this.keyLength)
  }

  /** A view into the fetched bytes. */
  get value(): Buffer | null {
    return this.valueLength < 0 ? null : this.bytes.subarray(this.valueAt, this.valueAt + this.valueLength)
  }

  /** The key as text; '' for a null one. */
  keyText(): string {
    return this.keyLength <= 0 ? '' : this.bytes.toString('utf8', this.keyAt, this.keyAt + this.keyLength)
  }

  get #headersAt(): number {
    return this.valueAt + Math.max(this.valueLength, 0)
  }

  /** Read from the bytes at each call: most records' headers are never looked at. */
  headers(): Map<string, Buffer> {
    const reader = new VarintReader(this.bytes, this.#headersAt)
    const headers = new Map<string, Buffer>()
    for (let left = reader.next(); left > 0; left--) {
      const nameLength = reader.next()
      const name = this.bytes.toString('utf8', reader.at, reader.at + nameLength)
      reader.at += nameLength
      const length = reader.next()
      headers.set(name, this.bytes.subarray(reader.at, reader.at + Math.max(length, 0)))
      reader.at += Math.max(length, 0)
    }
    return headers
  }

  /** One of them, found without making a name or a view of each. @param name ASCII @returns null: it has none of that name */
  header(name: string): Buffer | null {
    const { bytes } = this
    const reader = new VarintReader(bytes, this.#headersAt)
    for (let left = reader.next(); left > 0; left--) {
      const nameLength = reader.next()
      const isIt = nameLength === name.length && bytes.toString('latin1', reader.at, reader.at + nameLength) === name
      reader.at += nameLength
      const length = Math.max(reader.next(), 0)
      if (isIt) return bytes.subarray(reader.at, reader.at + length)
      reader.at += length
    }
    return null
  }
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

export interface ReadBatches {
  readonly records: ConsumedRecord[]
  /** Where to fetch from next: after the last whole batch, control and aborted ones included. */
  readonly nextOffset: number
}

/**
 * Reads the record batches of a fetch answer for a read_committed consumer: records below `fetchOffset`, of aborted
 * transactions and control records are left out. An incomplete batch at the end is ignored, as the protocol wants.
 */
export function readRecordBatches(
  bytes: Buffer,
  fetchOffset: number,
  abortedTransactions: readonly AbortedTransaction[],
): ReadBatches {
  const records: ConsumedRecord[] = []
  const aborted = abortedTransactions.toSorted((a, b) => a.firstOffset - b.firstOffset)
  const openAborts = new Set<bigint>()
  let nextAbort = 0
  let nextOffset = fetchOffset
  let at = 0
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    const baseOffset = Number(bytes.readBigInt64BE(at))
    const attributes = bytes.readInt16BE(at + 21)
    const lastOffset = baseOffset + bytes.readInt32BE(at + 23)
    while (nextAbort < aborted.length && aborted[nextAbort]!.firstOffset <= lastOffset) {
      openAborts.add(aborted[nextAbort++]!.producerId)
    }
    const producerId = attributes & TRANSACTIONAL ? bytes.readBigInt64BE(at + 43) : -1n
    if (attributes & CONTROL) {
      if (isAbortMarker(bytes, at)) openAborts.delete(producerId)
    } else if (!(attributes & TRANSACTIONAL) || !openAborts.has(producerId)) {
      readBatch(bytes, at, end, baseOffset, attributes, fetchOffset, records)
    }
    if (lastOffset + 1 > nextOffset) nextOffset = lastOffset + 1
    at = end
  }
  return { records, nextOffset }
}

/** A control batch has one record, whose key is: version int16, type int16. */
function isAbortMarker(bytes: Buffer, batchAt: number): boolean {
  const reader = new VarintReader(bytes, batchAt + HEADER_BYTES)
  reader.next()
  reader.at++
  reader.next()
  reader.next()
  reader.next()
  return bytes.readInt16BE(reader.at + 2) === ABORT_MARKER
}

function readBatch(
  source: Buffer,
  batchAt: number,
  batchEnd: number,
  baseOffset: number,
  attributes: number,
  fetchOffset: number,
  records: ConsumedRecord[],
): void {
  const firstTimestamp = Number(source.readBigInt64BE(batchAt + 27))
  const appendTime = attributes & LOG_APPEND_TIME ? Number(source.readBigInt64BE(batchAt + 35)) : -1
  const count = source.readInt32BE(batchAt + 57)
  const codec = attributes & COMPRESSION
  const bytes = codec === 0 ? source : decompress(codec, source.subarray(batchAt + HEADER_BYTES, batchEnd))
  const reader = new VarintReader(bytes, codec === 0 ? batchAt + HEADER_BYTES : 0)
  for (let i = 0; i < count; i++) {
    const length = reader.next()
    const recordEnd = reader.at + length
    reader.at++
    const timestamp = firstTimestamp + reader.next()
    const offset = baseOffset + reader.next()
    const keyLength = reader.next()
    const keyAt = reader.at
    if (keyLength > 0) reader.at += keyLength
    const valueLength = reader.next()
    const valueAt = reader.at
    if (valueLength > 0) reader.at += valueLength
    if (offset >= fetchOffset) {
      records.push(
        new ConsumedRecord(
          offset,
          appendTime === -1 ? timestamp : appendTime,
          bytes,
          keyAt,
          keyLength,
          valueAt,
          valueLength,
        ),
      )
    }
    reader.at = recordEnd
  }
}
