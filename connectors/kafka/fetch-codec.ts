import { encodedRequest, type ProtocolCall } from './internals.ts'
import type { AbortedTransaction } from './record-batch-reader.ts'

const FETCH = 1
const VERSION = 11
const READ_COMMITTED = 1

export interface FetchTarget {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly maxBytes: number
}

export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** The record batches as they came. */
  readonly batches: Buffer
}

export interface FetchLimits {
  /** Longest the broker holds the request when nothing is there. */
  readonly maxWaitMs: number
  readonly maxBytes: number
}

/** Fetch v11, read_committed, without a session; batches stay bytes, since kafkajs would make an object of each field. */
export function fetchCall(targets: readonly FetchTarget[], limits: FetchLimits): ProtocolCall<FetchedPartition[]> {
  return {
    request: {
      apiKey: FETCH,
      apiVersion: VERSION,
      apiName: 'Fetch',
      encode: async () => encodedRequest(encodeFetch(targets, limits)),
    },
    response: { decode: async (raw) => decodeFetch(raw), parse: async (decoded) => decoded },
    requestTimeout: limits.maxWaitMs + 10_000,
    logResponseError: false,
  }
}

function encodeFetch(targets: readonly FetchTarget[], limits: FetchLimits): Buffer {
  const byTopic = Map.groupBy(targets, (target) => target.topic)
  let size = 4 + 4 + 4 + 4 + 1 + 4 + 4 + 4 + 4 + 2
  for (const [topic, partitions] of byTopic) size += 2 + Buffer.byteLength(topic) + 4 + partitions.length * 28
  const buffer = Buffer.alloc(size)
  let at = buffer.writeInt32BE(-1, 0)
  at = buffer.writeInt32BE(limits.maxWaitMs, at)
  at = buffer.writeInt32BE(1, at)
  at = buffer.writeInt32BE(limits.maxBytes, at)
  at = buffer.writeInt8(READ_COMMITTED, at)
  at = buffer.writeInt32BE(0, at)
  at = buffer.writeInt32BE(-1, at)
  at = buffer.writeInt32BE(byTopic.size, at)
  for (const [topic, partitions] of byTopic) {
    at = buffer.writeInt16BE(Buffer.byteLength(topic), at)
    at += buffer.write(topic, at)
    at = buffer.writeInt32BE(partitions.length, at)
    for (const target of partitions) {
      at = buffer.writeInt32BE(target.partition, at)
      at = buffer.writeInt32BE(-1, at)
      at = buffer.writeBigInt64BE(BigInt(target.offset), at)
      at = buffer.writeBigInt64BE(-1n, at)
      at = buffer.writeInt32BE(target.maxBytes, at)
    }
  }
  at = buffer.writeInt32BE(0, at)
  buffer.writeInt16BE(0, at)
  return buffer
}

/**
 * Records are views into these bytes and may wait for long: those of one slow partition must not hold the whole answer,
 * of all partitions, in memory. Where they are most of it anyway, nothing is copied.
 */
function ownBytes(raw: Buffer, from: number, to: number): Buffer {
  const view = raw.subarray(from, to)
  if (view.length * 2 > raw.length) return view
  const own = Buffer.allocUnsafeSlow(view.length)
  own.set(view)
  return own
}

function decodeFetch(raw: Buffer): FetchedPartition[] {
  let at = 4 + 2 + 4
  const fetched: FetchedPartition[] = []
  const topics = raw.readInt32BE(at)
  at += 4
  for (let t = 0; t < topics; t++) {
    const nameLength = raw.readInt16BE(at)
    const topic = raw.toString('utf8', at + 2, at + 2 + nameLength)
    at += 2 + nameLength
    const partitions = raw.readInt32BE(at)
    at += 4
    for (let p = 0; p < partitions; p++) {
      const partition = raw.readInt32BE(at)
      const errorCode = raw.readInt16BE(at + 4)
      const highWatermark = Number(raw.readBigInt64BE(at + 6))
      const lastStableOffset = Number(raw.readBigInt64BE(at + 14))
      const logStartOffset = Number(raw.readBigInt64BE(at + 22))
      const aborted = raw.readInt32BE(at + 30)
      at += 34
      const abortedTransactions: AbortedTransaction[] = []
      for (let a = 0; a < aborted; a++) {
        abortedTransactions.push({
          producerId: raw.readBigInt64BE(at),
          firstOffset: Number(raw.readBigInt64BE(at + 8)),
        })
        at += 16
      }
      const batchBytes = Math.max(raw.readInt32BE(at + 4), 0)
      at += 8
      const batches = ownBytes(raw, at, at + batchBytes)
      at += batchBytes
      fetched.push({
        topic,
        partition,
        errorCode,
        highWatermark,
        lastStableOffset,
        logStartOffset,
        abortedTransactions,
        batches,
      })
    }
  }
  return fetched
}
