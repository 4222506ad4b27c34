import { createRequire } from 'node:module'

/*
 * kafkajs's own record batches, an independent truth for ours: written by other people, in another way. It computes no
 * checksum when it reads, so tests that need one take it from its encoder.
 */
const require = createRequire(import.meta.url)

interface KafkajsEncoder {
  readonly buffer: Buffer
}

export interface TruthRecord {
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}

export interface TruthBatch {
  readonly firstOffset?: number
  readonly compression?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly firstSequence?: number
  readonly transactional?: boolean
  readonly records: readonly TruthRecord[]
}

export interface DecodedRecord {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Record<string, Buffer | Buffer[]>
  readonly isControlRecord: boolean
  readonly batchContext: {
    readonly producerId: string
    readonly producerEpoch: number
    readonly firstSequence: number
    readonly inTransaction: boolean
    readonly maxTimestamp: string
    readonly lastOffsetDelta: number
  }
}

const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch(batch: Record<string, unknown>): Promise<KafkajsEncoder>
}
const Record = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: {
  offsetDelta: number
  timestampDelta: number
  key: Buffer | null
  value: Buffer | null
  headers: Readonly<Record<string, string>>
}) => KafkajsEncoder
const Decoder = require('kafkajs/src/protocol/decoder') as new (
  bytes: Buffer,
) => { readInt64(): unknown; readInt32(): number; readInt8(): number; offset: number }
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: unknown,
) => Promise<{ records: DecodedRecord[] }>
const Long = require('kafkajs/src/utils/long') as { fromNumber(value: number): unknown }
const crc32C = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number

export { crc32C }

export async function kafkajsBatch(batch: TruthBatch): Promise<Buffer> {
  const { records } = batch
  const timestamps = records.map((record) => record.timestamp)
  const { buffer } = await RecordBatch({
    compression: batch.compression ?? 0,
    firstOffset: Long.fromNumber(batch.firstOffset ?? 0),
    firstTimestamp: timestamps[0] ?? 0,
    maxTimestamp: Math.max(...timestamps),
    producerId: Long.fromNumber(batch.producerId ?? -1),
    producerEpoch: batch.producerEpoch ?? -1,
    firstSequence: batch.firstSequence ?? -1,
    transactional: batch.transactional ?? false,
    lastOffsetDelta: records.length - 1,
    records: records.map(({ timestamp, key, value, headers }, i) =>
      Record({ offsetDelta: i, timestampDelta: timestamp - timestamps[0]!, key, value, headers }),
    ),
  })
  return buffer
}

export async function kafkajsDecode(batch: Buffer): Promise<DecodedRecord[]> {
  const { records } = await decodeBatch(new Decoder(batch))
  return records
}
