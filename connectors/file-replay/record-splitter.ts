import { isUtf8 } from 'node:buffer'
import { AppError } from '../../schemas/errors.ts'
import { endOfRecord, lineEnds, NOT_ENDED } from './csv-record-end.ts'
import { REJECT_REASONS, Rejection, type RejectReason } from './rejection.ts'

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const EMPTY = Buffer.alloc(0)
const MAX_RECORD_BYTES = 1024 * 1024
const REJECTED_PREFIX_BYTES = 1024
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** Where a record begins: its first byte in the decompressed file, and its physical line, from 1. */
export interface Position {
  readonly offset: number
  readonly line: number
}

export const FILE_START: Position = { offset: 0, line: 1 }

/** One record as it stands in the file: one line, or several when quotes hold line ends. */
export interface RawRecord extends Position {
  readonly text: string
  /** Where the record after it begins. */
  readonly nextOffset: number
  readonly nextLine: number
  readonly hasQuotes: boolean
  /** Set when the bytes are no record; the text is then the beginning of the line. */
  readonly rejection: Rejection | null
}

export interface SplitterOptions {
  /** One character; null for formats whose records are always one line. */
  readonly delimiter: string | null
  readonly from?: Position
  readonly maxRecordBytes?: number
}

interface Found {
  readonly at: number
  readonly end: number
  readonly hasQuotes: boolean
  readonly problem: RejectReason | null
}

/**
 * Cuts bytes into records and knows where each stands. Lines end with LF or CRLF; blank lines and a byte order mark are
 * left out. Holds at most one record that hasn't ended. A quote that never closes costs its first line only: reading
 * goes on at the line after it.
 */
export class RecordSplitter {
  readonly #delimiter: number
  readonly #maxBytes: number
  #carry: Buffer = EMPTY
  /** Of the carry's first byte. */
  #offset: number
  #line: number
  /** The beginning of a line that is too long, while the rest of it goes by. */
  #tooLong: { readonly offset: number; readonly text: string } | null = null

  constructor({ delimiter, from = FILE_START, maxRecordBytes = MAX_RECORD_BYTES }: SplitterOptions) {
    this.#delimiter = delimiter === null ? -1 : delimiter.charCodeAt(0)
    this.#maxBytes = maxRecordBytes
    this.#offset = from.offset
    this.#line = from.line
  }

  push(chunk: Buffer): RawRecord[] {
    const buffer = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk])
    if (this.#offset > 0 || buffer.length >= BYTE_ORDER_MARK.length) return this.#split(buffer, false)
    this.#carry = buffer
    return []
  }

  /** The last record, when its line has no end. */
  finish(): RawRecord[] {
    const records = this.#split(this.#carry, true)
    if (this.#tooLong === null) return records
    return [...records, this.#record(EMPTY, { at: 0, end: 0, hasQuotes: false, problem: null })]
  }

  #split(buffer: Buffer, isEnd: boolean): RawRecord[] {
    const records: RawRecord[] = []
    let at = this.#offset === 0 ? byteOrderMark(buffer) : 0
    let quote = this.#delimiter < 0 ? -1 : buffer.indexOf(QUOTE, at)
    while (at < buffer.length) {
      const lf = buffer.indexOf(LF, at)
      if (lf < 0 && !isEnd) break
      const lineEnd = lf < 0 ? buffer.length : lf
      if (quote >= 0 && quote < at) quote = buffer.indexOf(QUOTE, at)
      const hasQuotes = quote >= 0 && quote < lineEnd && this.#tooLong === null
      const found = hasQuotes ? endOfRecord(buffer, at, { delimiter: this.#delimiter, isEnd }) : lineEnd
      if (found === NOT_ENDED && !isEnd && buffer.length - at <= this.#maxBytes) break
      const end = found < 0 ? lineEnd : found
      const record = this.#record(buffer, { at, end, hasQuotes, problem: found < 0 ? 'QUOTE_NOT_CLOSED' : null })
      if (record.text !== '') records.push(record)
      at = Math.min(end + 1, buffer.length)
      this.#line = record.nextLine
    }
    this.#keep(buffer, at, isEnd)
    return records
  }

  #record(buffer: Buffer, { at, end, hasQuotes, problem }: Found): RawRecord {
    const nextOffset = this.#offset + Math.min(end + 1, buffer.length)
    const nextLine = this.#line + 1 + (hasQuotes ? lineEnds(buffer, at, end) : 0)
    const place = { line: this.#line, nextOffset, nextLine, hasQuotes }
    const refuse = (reason: RejectReason) => new Rejection(reason, '', REJECT_REASONS[reason])
    if (this.#tooLong !== null) {
      const { offset, text } = this.#tooLong
      this.#tooLong = null
      return { ...place, offset, text, rejection: refuse('RECORD_TOO_LONG') }
    }
    const offset = this.#offset + at
    if (end - at > this.#maxBytes) {
      return { ...place, offset, text: prefix(buffer, at), rejection: refuse('RECORD_TOO_LONG') }
    }
    const text = buffer.toString('utf8', at, end > at && buffer[end - 1] === CR ? end - 1 : end)
    if (problem !== null) return { ...place, offset, text, rejection: refuse(problem) }
    const isDamaged = text.includes('\ufffd') && !isUtf8(buffer.subarray(at, end))
    return { ...place, offset, text, rejection: isDamaged ? refuse('NOT_UTF8') : null }
  }

  #keep(buffer: Buffer, at: number, isEnd: boolean): void {
    const rest = buffer.length - at
    const isTooLong = !isEnd && rest > this.#maxBytes && !buffer.subarray(at).includes(LF)
    if (isTooLong && this.#tooLong === null) {
      this.#tooLong = { offset: this.#offset + at, text: prefix(buffer, at) }
    }
    const keepFrom = this.#tooLong === null ? at : buffer.length
    this.#carry = keepFrom === buffer.length ? EMPTY : Buffer.from(buffer.subarray(keepFrom))
    this.#offset += keepFrom
  }
}

/** @throws AppError INPUT_INVALID for a file in UTF-16, in which every line would be rejected */
function byteOrderMark(buffer: Buffer): number {
  const first = buffer.length < 2 ? 0 : buffer.readUInt16BE(0)
  if (first === 0xfeff || first === 0xfffe) throw new AppError('INPUT_INVALID', 'the file is UTF-16, not UTF-8')
  return buffer.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0
}

function prefix(buffer: Buffer, at: number): string {
  return buffer.toString('utf8', at, at + REJECTED_PREFIX_BYTES)
}
