import { codeAt } from './code-at.ts'
import { NEVER } from './customer-state.ts'
import { AppError } from './errors.ts'

/** The largest whole number that the state holds. */
export const MAX = Number.MAX_SAFE_INTEGER

export function unreadable(problem: string): AppError {
  return new AppError('STATE_UNREADABLE', `customer state: ${problem}`)
}

/** All writers answer with the position after what they wrote, and throw RangeError when it doesn't fit. */
export function putVarint(view: DataView, at: number, value: number): number {
  if (!(value >= 0)) throw new AppError('INTERNAL', `state holds ${value} where a whole number of 0 or more belongs`)
  while (value > 0x7fffffff) {
    view.setUint8(at++, (value % 128) | 0x80)
    value = Math.floor(value / 128)
  }
  let rest = value | 0
  while (rest > 0x7f) {
    view.setUint8(at++, (rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  view.setUint8(at++, rest)
  return at
}

/** A whole number that may be negative: zigzag. */
export function putSigned(view: DataView, at: number, value: number): number {
  return putVarint(view, at, value < 0 ? -2 * value - 1 : 2 * value)
}

export function putDouble(view: DataView, at: number, value: number): number {
  view.setFloat64(at, value, true)
  return at + 8
}

export function putInt32(view: DataView, at: number, value: number): number {
  view.setInt32(at, value, true)
  return at + 4
}

/** Names and short values are ASCII nearly always: written by hand they cost a fifth of a call to Buffer.write. */
export function putString(view: DataView, at: number, text: string): number {
  const { length } = text
  if (length > 0x7f) return putUtf8(view, at, text)
  view.setUint8(at, length)
  for (let i = 0; i < length; i++) {
    const unit = codeAt(text, i)
    if (unit > 0x7f) return putUtf8(view, at, text)
    view.setUint8(at + 1 + i, unit)
  }
  return at + 1 + length
}

export function putBytes(view: DataView, at: number, bytes: Uint8Array): number {
  const start = putVarint(view, at, bytes.length)
  if (start + bytes.length > view.byteLength) throw new RangeError('bytes do not fit')
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes, start)
  return start + bytes.length
}

function putUtf8(view: DataView, at: number, text: string): number {
  const bytes = Buffer.from(text)
  let end = putVarint(view, at, bytes.length)
  for (const byte of bytes) view.setUint8(end++, byte)
  return end
}

let lastBuffer: Buffer | undefined
let lastView: DataView = new DataView(new ArrayBuffer(0))

/** A view of a buffer; that of the last one is kept, as a task writes all its states into the same one. */
export function viewOf(buffer: Buffer): DataView {
  if (buffer !== lastBuffer) {
    lastView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
    lastBuffer = buffer
  }
  return lastView
}

let lastRead: Buffer | undefined
let lastReadView: DataView = lastView

function readViewOf(buffer: Buffer): DataView {
  if (buffer !== lastRead) {
    lastReadView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
    lastRead = buffer
  }
  return lastReadView
}

/** Of a number's first four bytes. */
const LOW_BITS = 28
const LOW_END = 2 ** LOW_BITS
/** A number of nine bytes is beyond all that are safe. */
const LAST_FACTOR = 2 ** 49

/** Three letters each: few, and in every state, so their strings are kept. */
const currencies = new Map<number, string>()
const MAX_CURRENCIES = 1_024

/** Reads what the functions above wrote; every method throws STATE_UNREADABLE rather than read past the end. */
export class Reader {
  readonly #bytes: Buffer
  readonly #view: DataView
  readonly #start: number
  readonly #end: number
  #at: number

  /** @param at where to begin to read @param start where in `bytes` the whole begins @param end where it ends */
  constructor(bytes: Buffer, at: number, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#view = readViewOf(bytes)
    this.#start = start
    this.#at = at
    this.#end = end
  }

  /** Of the whole state, bytes. */
  get length(): number {
    return this.#end - this.#start
  }

  varint(max: number): number {
    const view = this.#view
    const end = this.#end
    let at = this.#at
    let low = 0
    // Whole numbers of 32 bits as far as they go: sums of doubles cost several times as much.
    for (let shift = 0; shift < LOW_BITS && at < end; shift += 7) {
      const byte = view.getUint8(at++)
      low |= (byte & 0x7f) << shift
      if (byte >= 0x80) continue
      if (low > max) throw unreadable(`a number before byte ${at - this.#start} is beyond ${max}`)
      this.#at = at
      return low
    }
    this.#at = at
    return this.#longVarint(low, max)
  }

  #longVarint(low: number, max: number): number {
    let value = low
    for (let factor = LOW_END; ; factor *= 128) {
      const at = this.#take(1)
      const byte = this.#view.getUint8(at)
      value += (byte & 0x7f) * factor
      if (value > max) throw unreadable(`a number before byte ${at + 1 - this.#start} is beyond ${max}`)
      if (byte < 0x80) return value
      if (factor >= LAST_FACTOR) throw unreadable(`a number before byte ${at + 1 - this.#start} has no end`)
    }
  }

  signed(): number {
    const zigzag = this.varint(MAX)
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }

  age(newest: number): number {
    const age = this.varint(newest + 1)
    return age === 0 ? NEVER : newest - age + 1
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  string(): string {
    const length = this.varint(this.length)
    const from = this.#take(length)
    return this.#bytes.toString('utf8', from, from + length)
  }

  /** A string that is a currency's code nearly always. */
  currency(): string {
    const at = this.#at
    if (at + 4 > this.#end || this.#view.getUint8(at) !== 3) return this.string()
    const code = this.#view.getUint32(at)
    const known = currencies.get(code)
    if (known === undefined) {
      const text = this.string()
      if (currencies.size < MAX_CURRENCIES) currencies.set(code, text)
      return text
    }
    this.#at = at + 4
    return known
  }

  /** A copy: the bytes it is read from may be a small part of a large buffer. */
  bytes(): Buffer {
    const length = this.varint(this.length)
    const from = this.#take(length)
    return Buffer.from(this.#bytes.subarray(from, from + length))
  }

  /** Array.from would cost more than all that is read. */
  list<T>(length: number, read: () => T): T[] {
    const items: T[] = []
    for (let i = 0; i < length; i++) items.push(read())
    return items
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end
  }

  end(): void {
    if (this.#at !== this.#end) throw unreadable(`${this.#end - this.#at} bytes follow its end`)
  }

  #take(length: number): number {
    const from = this.#at
    this.#at += length
    if (this.#at > this.#end) throw unreadable(`it ends early, after ${this.length} bytes`)
    return from
  }
}
