/*
 * Fields of Kafka's flexible versions: lengths are varints, one more than the length (0: null), and every structure ends
 * with tagged fields, of which a reader skips those that it doesn't know.
 */

const USUAL_BYTES = 256

/** Writes fields one after the other. */
export class CompactWriter {
  #buffer = Buffer.allocUnsafe(USUAL_BYTES)
  #start = 0
  #end = 0

  int8(value: number): this {
    this.#reserve(1)
    this.#end = this.#buffer.writeInt8(value, this.#end)
    return this
  }

  int16(value: number): this {
    this.#reserve(2)
    this.#end = this.#buffer.writeInt16BE(value, this.#end)
    return this
  }

  int32(value: number): this {
    this.#reserve(4)
    this.#end = this.#buffer.writeInt32BE(value, this.#end)
    return this
  }

  int64(value: bigint): this {
    this.#reserve(8)
    this.#end = this.#buffer.writeBigInt64BE(value, this.#end)
    return this
  }

  /** 16 zeros: no id. */
  noUuid(): this {
    return this.int64(0n).int64(0n)
  }

  text(value: string | null): this {
    if (value === null) return this.#varint(0)
    const bytes = Buffer.byteLength(value)
    this.length(bytes)
    this.#reserve(bytes)
    this.#end += this.#buffer.write(value, this.#end)
    return this
  }

  /** Before the elements of an array, or before bytes. */
  length(value: number): this {
    return this.#varint(value + 1)
  }

  noTags(): this {
    return this.#varint(0)
  }

  /** What was written since the last call. */
  take(): Buffer {
    const taken = this.#buffer.subarray(this.#start, this.#end)
    this.#start = this.#end
    return taken
  }

  #varint(value: number): this {
    this.#reserve(5)
    let left = value
    for (; left >= 0x80; left >>>= 7) this.#buffer[this.#end++] = (left & 0x7f) | 0x80
    this.#buffer[this.#end++] = left
    return this
  }

  /** What was taken stays where it is. */
  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return
    const open = this.#buffer.subarray(this.#start, this.#end)
    this.#buffer = Buffer.allocUnsafe(2 * (open.length + bytes) + USUAL_BYTES)
    this.#buffer.set(open)
    this.#start = 0
    this.#end = open.length
  }
}

/** Reads fields one after the other. @throws RangeError beyond the end */
export class CompactReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  skip(bytes: number): void {
    this.#take(bytes)
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  hex(bytes: number): string {
    const from = this.#take(bytes)
    return this.#bytes.toString('hex', from, this.#at)
  }

  /** '' for null. */
  text(): string {
    const from = this.#take(Math.max(this.length(), 0))
    return this.#bytes.toString('utf8', from, this.#at)
  }

  /** Of an array, or of bytes; -1 for null. */
  length(): number {
    return this.varint() - 1
  }

  /** As many times as an array has elements. */
  each(read: () => void): void {
    for (let left = this.length(); left > 0; left--) read()
  }

  varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#take(1)]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }

  /** @param read is told the tag, and need not read its field to the end */
  tags(read: (tag: number) => void = () => {}): void {
    for (let left = this.varint(); left > 0; left--) {
      const tag = this.varint()
      const bytes = this.varint()
      const from = this.#take(bytes)
      this.#at = from
      read(tag)
      this.#at = from + bytes
    }
  }

  /** @returns where they begin */
  #take(bytes: number): number {
    const from = this.#at
    if (from + bytes > this.#bytes.length) throw new RangeError(`an answer of ${this.#bytes.length} bytes ends early`)
    this.#at = from + bytes
    return from
  }
}
