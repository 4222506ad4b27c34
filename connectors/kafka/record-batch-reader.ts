import { VarintReader } from '../../schemas/varint.ts'
import { decompress } from './compression.ts'
import type { ConsumedRecord } from './consumed-record.ts'
import { FetchedRecords, type RecordRun } from './fetched-records.ts'

const HEADER_BYTES = 61
const COMPRESSION = 0x07
const LOG_APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20
const ABORT_MARKER = 0

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

export interface ReadBatches {
  readonly records: ConsumedRecord[]
  /** Where to fetch from next: after the last whole batch, control and aborted ones included. */
  readonly nextOffset: number
}

/** The same with records that aren't made yet. */
export interface FoundBatches {
  readonly records: FetchedRecords
  readonly nextOffset: number
}

/** What `findRecords` finds, with all its records made. */
export function readRecordBatches(
  bytes: Buffer,
  fetchOffset: number,
  abortedTransactions: readonly AbortedTransaction[],
): ReadBatches {
  const { records, nextOffset } = findRecords(bytes, fetchOffset, abortedTransactions)
  return { records: [...records], nextOffset }
}

/**
 * Finds the records of a fetch answer for a read_committed consumer: records below `fetchOffset`, of aborted
 * transactions and control records are left out. An incomplete batch at the end is ignored, as the protocol wants.
 */
export function findRecords(
  bytes: Buffer,
  fetchOffset: number,
  abortedTransactions: readonly AbortedTransaction[],
): FoundBatches {
  const runs: RecordRun[] = []
  const aborted = abortedTransactions.toSorted((a, b) => a.firstOffset - b.firstOffset)
  const openAborts = new Set<bigint>()
  let nextAbort = 0
  let nextOffset = fetchOffset
  let at = 0
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    const attributes = bytes.readInt16BE(at + 21)
    const lastOffset = Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + 23)
    while (nextAbort < aborted.length && aborted[nextAbort]!.firstOffset <= lastOffset) {
      openAborts.add(aborted[nextAbort++]!.producerId)
    }
    const producerId = attributes & TRANSACTIONAL ? bytes.readBigInt64BE(at + 43) : -1n
    if (attributes & CONTROL) {
      if (isAbortMarker(bytes, at)) openAborts.delete(producerId)
    } else if (!(attributes & TRANSACTIONAL) || !openAborts.has(producerId)) {
      runs.push(runOf(bytes, at, end, attributes))
    }
    if (lastOffset + 1 > nextOffset) nextOffset = lastOffset + 1
    at = end
  }
  return { records: new FetchedRecords(runs, fetchOffset), nextOffset }
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

function runOf(source: Buffer, batchAt: number, batchEnd: number, attributes: number): RecordRun {
  const codec = attributes & COMPRESSION
  return {
    bytes: codec === 0 ? source : decompress(codec, source.subarray(batchAt + HEADER_BYTES, batchEnd)),
    start: codec === 0 ? batchAt + HEADER_BYTES : 0,
    count: source.readInt32BE(batchAt + 57),
    baseOffset: Number(source.readBigInt64BE(batchAt)),
    firstTimestamp: Number(source.readBigInt64BE(batchAt + 27)),
    appendTime: attributes & LOG_APPEND_TIME ? Number(source.readBigInt64BE(batchAt + 35)) : null,
  }
}
