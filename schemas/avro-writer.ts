import { writeVarint } from './varint.ts'

/** Strings that come again and again (names of features, grades, versions) are kept encoded, up to so many. */
const MAX_KEPT = 4_096

/** Writes Avro's binary encoding into a buffer. Running out of room sets `overflowed`; the bytes are then worthless. */
export class AvroWriter {
  static readonly #kept = new Map<string, Uint8Array>()
  #bytes: Buffer = Buffer.alloc(0)
  #view = new DataView(this.#bytes.buffer)
  #limit = 0
  at = 0

  /** Begins at a position of a buffer. */
  begin(bytes: Buffer, at: number): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    this.#limit = bytes.length
    this.at = at
  }

  get overflowed(): boolean {
    return this.at > this.#limit
  }

  /** A zigzag varint of a safe integer. */
  long(value: number): void {
    this.at = writeVarint(this.#bytes, this.at, value)
  }

  double(value: number): void {
    if (this.at + 8 <= this.#limit) this.#view.setFloat64(this.at, value, true)
    this.at += 8
  }

  bytes(value: Uint8Array): void {
    this.long(value.length)
    this.#raw(value)
  }

  /** Text that differs from record to record. */
  string(value: string): void {
    const { length } = value
    const bytes = this.#bytes
    const start = this.at
    this.long(length)
    let { at } = this
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) {
        this.at = start
        this.bytes(Buffer.from(value))
        return
      }
      bytes[at++] = code
    }
    this.at = at
  }

  /** Text of few values: its encoding is kept. */
  word(value: string): void {
    let encoded = AvroWriter.#kept.get(value)
    if (encoded === undefined) {
      const writer = new AvroWriter()
      writer.begin(Buffer.alloc(value.length * 3 + 8), 0)
      writer.string(value)
      encoded = Uint8Array.from(writer.#bytes.subarray(0, writer.at))
      if (AvroWriter.#kept.size < MAX_KEPT) AvroWriter.#kept.set(value, encoded)
    }
    this.#raw(encoded)
  }

  #raw(value: Uint8Array): void {
    const { length } = value
    if (this.at + length <= this.#limit) {
      if (length < 24) for (let i = 0; i < length; i++) this.#bytes[this.at + i] = value[i]!
      else this.#bytes.set(value, this.at)
    }
    this.at += length
  }
}
