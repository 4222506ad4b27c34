import { codeAt } from './code-at.ts'
import { writeVarint } from './varint.ts'

/** Strings that come again and again (names of features, grades, versions) are kept encoded, up to so many. */
const MAX_KEPT = 4_096
/** So many words of a record are compared with those that stood there in the record before. */
const PLACES = 64

/** A string as Avro writes it, in steps of four bytes: a loop over single ones takes four times as long. */
interface Word {
  readonly text: string
  readonly length: number
  /** Little endian; the last one filled up with zeros. */
  readonly steps: Int32Array
}

const kept = new Map<string, Word>()
const NO_WORD: Word = { text: '', length: 1, steps: Int32Array.of(0) }

/** Writes Avro's binary encoding into a buffer. Running out of room sets `overflowed`; the bytes are then worthless. */
export class AvroWriter {
  #bytes: Buffer = Buffer.alloc(0)
  #view = new DataView(this.#bytes.buffer)
  #limit = 0
  at = 0
  /** By place: the n-th word of a record is mostly that of the record before. */
  readonly #words: Word[] = Array.from({ length: PLACES }, () => NO_WORD)
  #nth = 0

  /** Begins at a position of a buffer. */
  begin(bytes: Buffer, at: number): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    this.#limit = bytes.length
    this.at = at
    this.#nth = 0
  }

  get overflowed(): boolean {
    return this.at > this.#limit
  }

  /** A zigzag varint of a safe integer. */
  long(value: number): void {
    // Most are flags, small counts and lengths.
    if (value >= 0 && value < 0x40) this.#bytes[this.at++] = value << 1
    else this.at = writeVarint(this.#bytes, this.at, value)
  }

  double(value: number): void {
    if (this.at + 8 <= this.#limit) this.#view.setFloat64(this.at, value, true)
    this.at += 8
  }

  bytes(value: Uint8Array): void {
    const { length } = value
    this.long(length)
    if (this.at + length <= this.#limit) this.#bytes.set(value, this.at)
    this.at += length
  }

  /** Text that differs from record to record. */
  string(value: string): void {
    const { length } = value
    const bytes = this.#bytes
    const start = this.at
    this.long(length)
    let { at } = this
    for (let i = 0; i < length; i++) {
      const code = codeAt(value, i)
      if (code > 0x7f) {
        this.at = start
        this.bytes(Buffer.from(value))
        return
      }
      bytes[at++] = code
    }
    this.at = at
  }

  /** Text of few values: its encoding is kept. Up to three bytes behind it are written over. */
  word(value: string): void {
    const place = this.#nth++ & (PLACES - 1)
    let word = this.#words[place]!
    if (word.text !== value) {
      word = wordOf(value)
      this.#words[place] = word
    }
    const { length, steps } = word
    const { at } = this
    if (at + 4 * steps.length <= this.#limit) {
      const view = this.#view
      for (let i = 0; i < steps.length; i++) view.setInt32(at + 4 * i, steps[i]!, true)
      this.at = at + length
    } else this.string(value)
  }
}

function wordOf(text: string): Word {
  const known = kept.get(text)
  if (known !== undefined) return known
  const bytes = Buffer.alloc(text.length * 3 + 16)
  const writer = new AvroWriter()
  writer.begin(bytes, 0)
  writer.string(text)
  const length = writer.at
  const steps = Int32Array.from({ length: (length + 3) >> 2 }, (_, i) => bytes.readInt32LE(4 * i))
  const word = { text, length, steps }
  if (kept.size < MAX_KEPT) kept.set(text, word)
  return word
}
