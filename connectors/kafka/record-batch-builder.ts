import { crc32c } from '@node-rs/crc32'
import { AppError } from '../../schemas/errors.ts'
import { varintSize, writeVarint } from '../../schemas/varint.ts'
import { type CompressionType, compress } from './compression.ts'

const HEADER_BYTES = 61
const NO_PRODUCER = { producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false } as const

export interface ProducerStamp {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional: boolean
}

/**
 * One Kafka record batch (message format 2), written in a single pass into one growing buffer that is used again for
 * the next batch. kafkajs builds each record from encoders of its own, which costs more than all the rest of an event.
 */
export class RecordBatchBuilder {
  #buffer: Buffer
  #end = HEADER_BYTES
  #count = 0
  #firstTimestamp = 0
  #maxTimestamp = 0
  #isCompressed = false

  constructor(initialBytes = 64 * 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes)
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#end
  }

  reset(): void {
    this.#end = HEADER_BYTES
    this.#count = 0
    this.#isCompressed = false
  }

  /**
   * @param headers the headers as Kafka encodes them, one after another (`encodeHeader`)
   * @param headerCount how many they are
   */
  add(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Uint8Array,
    headerCount: number,
  ): void {
    const valueLength = value === null ? -1 : value.length
    let at = this.#head(timestamp, key === null ? -1 : key.length, valueLength, headers.length, headerCount)
    const buffer = this.#buffer
    if (key !== null) {
      buffer.set(key, at)
      at += key.length
    }
    at = writeVarint(buffer, at, valueLength)
    if (value !== null) {
      buffer.set(value, at)
      at += value.length
    }
    at = writeVarint(buffer, at, headerCount)
    buffer.set(headers, at)
    this.#end = at + headers.length
  }

  /** The same for a key, a value (null when it is empty) and its headers, which stand one behind the other. */
  addFrom(
    timestamp: number,
    source: Buffer,
    keyStart: number,
    valueStart: number,
    valueEnd: number,
    headersEnd: number,
    headerCount: number,
  ): void {
    const valueLength = valueEnd > valueStart ? valueEnd - valueStart : -1
    let at = this.#head(timestamp, valueStart - keyStart, valueLength, headersEnd - valueEnd, headerCount)
    const buffer = this.#buffer
    at += source.copy(buffer, at, keyStart, valueStart)
    at = writeVarint(buffer, at, valueLength)
    at += source.copy(buffer, at, valueStart, valueEnd)
    at = writeVarint(buffer, at, headerCount)
    this.#end = at + source.copy(buffer, at, valueEnd, headersEnd)
  }

  /** Writes a record up to its key, and makes room for the rest. @returns where the key begins */
  #head(timestamp: number, keyLength: number, valueLength: number, headersLength: number, headerCount: number): number {
    if (this.#count === 0) {
      this.#firstTimestamp = timestamp
      this.#maxTimestamp = timestamp
    } else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    const timestampDelta = timestamp - this.#firstTimestamp
    const body =
      1 +
      varintSize(timestampDelta) +
      varintSize(this.#count) +
      varintSize(keyLength) +
      Math.max(keyLength, 0) +
      varintSize(valueLength) +
      Math.max(valueLength, 0) +
      varintSize(headerCount) +
      headersLength
    this.#reserve(body + 5)
    const buffer = this.#buffer
    let at = writeVarint(buffer, this.#end, body)
    buffer[at++] = 0
    at = writeVarint(buffer, at, timestampDelta)
    at = writeVarint(buffer, at, this.#count)
    this.#count++
    return writeVarint(buffer, at, keyLength)
  }

  /**
   * The finished batch; valid until the next `reset` or `add`. Compressed records take the place of what they were made
   * of: after that only `reset` may follow.
   * @throws AppError INTERNAL when it is finished again after that
   */
  finish(stamp: ProducerStamp = NO_PRODUCER, compression: CompressionType = 'none'): Buffer {
    if (this.#isCompressed) throw new AppError('INTERNAL', 'a compressed batch was finished again')
    const { codec, data } = compress(compression, this.#buffer.subarray(HEADER_BYTES, this.#end))
    this.#isCompressed = codec !== 0
    if (this.#isCompressed) data.copy(this.#buffer, HEADER_BYTES)
    const batch = this.#buffer.subarray(0, HEADER_BYTES + data.length)
    batch.writeBigInt64BE(0n, 0)
    batch.writeInt32BE(batch.length - 12, 8)
    batch.writeInt32BE(-1, 12)
    batch[16] = 2
    batch.writeInt16BE(codec | (stamp.transactional ? 0x10 : 0), 21)
    batch.writeInt32BE(this.#count - 1, 23)
    batch.writeBigInt64BE(BigInt(this.#firstTimestamp), 27)
    batch.writeBigInt64BE(BigInt(this.#maxTimestamp), 35)
    batch.writeBigInt64BE(stamp.producerId, 43)
    batch.writeInt16BE(stamp.producerEpoch, 51)
    batch.writeInt32BE(stamp.baseSequence, 53)
    batch.writeInt32BE(this.#count, 57)
    batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
    return batch
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#end)
    this.#buffer = grown
  }
}

/** One header as Kafka encodes it inside a record. */
export function encodeHeader(name: string, value: string | Uint8Array): Buffer {
  const nameBytes = Buffer.from(name)
  const valueBytes = typeof value === 'string' ? Buffer.from(value) : value
  const encoded = Buffer.alloc(
    varintSize(nameBytes.length) + nameBytes.length + varintSize(valueBytes.length) + valueBytes.length,
  )
  let at = writeVarint(encoded, 0, nameBytes.length)
  encoded.set(nameBytes, at)
  at = writeVarint(encoded, at + nameBytes.length, valueBytes.length)
  encoded.set(valueBytes, at)
  return encoded
}
