/** What a broker changes in the header of a batch that it was given, and batches that only a broker writes. */

const COMPRESSION = 0x07
const LOG_APPEND_TIME = 0x08

/** The same batch at another offset, as the broker stores it. */
export function atOffset(batch: Buffer, offset: number): Buffer {
  const copy = Buffer.from(batch)
  copy.writeBigInt64BE(BigInt(offset), 0)
  return copy
}

/** The batch as a topic with LogAppendTime holds it. */
export function appendedAt(batch: Buffer, time: number): Buffer {
  const copy = Buffer.from(batch)
  copy.writeInt16BE(copy.readInt16BE(21) | LOG_APPEND_TIME, 21)
  copy.writeBigInt64BE(BigInt(time), 35)
  return copy
}

/** The batch with its records compressed by a codec that kafkajs doesn't have. */
export function compressed(batch: Buffer, codec: number, compress: (records: Buffer) => Buffer): Buffer {
  const records = compress(batch.subarray(61))
  const copy = Buffer.concat([batch.subarray(0, 61), records])
  copy.writeInt32BE(copy.length - 12, 8)
  copy.writeInt16BE((copy.readInt16BE(21) & ~COMPRESSION) | codec, 21)
  return copy
}

/** The marker that ends a transaction: one record at one offset, which is no data. */
export function controlBatch(offset: number, producerId: number, kind: 'abort' | 'commit'): Buffer {
  const key = [0, 0, 0, kind === 'abort' ? 0 : 1]
  const value = [0, 0, 0, 0, 0, 7]
  // attributes, timestamp delta, offset delta, key, value, no headers; lengths as zigzag varints
  const body = [0, 0, 0, key.length * 2, ...key, value.length * 2, ...value, 0]
  const batch = Buffer.concat([Buffer.alloc(61), Buffer.from([body.length * 2, ...body])])
  batch.writeBigInt64BE(BigInt(offset), 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch[16] = 2
  batch.writeInt16BE(0x30, 21)
  batch.writeBigInt64BE(BigInt(producerId), 43)
  batch.writeInt32BE(1, 57)
  return batch
}
