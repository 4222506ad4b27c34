import { textFrom } from '../../schemas/short-texts.ts'
import { VarintReader } from '../../schemas/varint.ts'

/**
 * One record as it stands in a topic: where its parts are in the fetched bytes. Views of them are made only for who asks:
 * a transaction takes tens of thousands of records, and a view costs more than the rest of a record.
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
    return this.keyLength <= 0 ? '' : textFrom(this.bytes, this.keyAt, this.keyLength)
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
