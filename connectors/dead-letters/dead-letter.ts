import { INPUT_TOPICS, type InputTopic } from '../../schemas/topics.ts'
import type { ConsumedRecord } from '../kafka/consumed-record.ts'

/** Where a record stands. */
export interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Length and hash of bytes of which a dead letter holds only the beginning. */
export interface Whole {
  readonly length: number
  readonly sha256: string
}

/** One record of `dead-letters`. */
export interface DeadLetter {
  /** In `dead-letters`. */
  readonly partition: number
  readonly offset: number
  /** Milliseconds: when it was written. */
  readonly at: number
  /** The input record that became it; null: another program wrote this record. */
  readonly origin: (Place & { readonly topic: InputTopic }) | null
  /** Differs from `origin` when that was itself sent by a replay. */
  readonly first: Place | null
  readonly stage: string
  readonly reason: string
  readonly error: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** What key and value were before they were cut; null: they are whole. */
  readonly wholeKey: Whole | null
  readonly wholeValue: Whole | null
  readonly headers: Readonly<Record<string, string>>
}

export function parseDeadLetter(partition: number, record: ConsumedRecord): DeadLetter {
  const headers = Object.fromEntries([...record.headers()].map(([name, bytes]) => [name, bytes.toString()]))
  const { topic, stage = '', reason = '', error = '' } = headers
  const known = INPUT_TOPICS.find((each) => each === topic)
  const origin = placeOf(known, headers['partition'], headers['offset'])
  return {
    partition,
    offset: record.offset,
    at: record.timestamp,
    origin,
    first: placeOf(headers['firstTopic'], headers['firstPartition'], headers['firstOffset']) ?? origin,
    stage,
    reason,
    error,
    key: record.key,
    value: record.value,
    wholeKey: wholeOf(headers['keyLength'], headers['keySha256']),
    wholeValue: wholeOf(headers['length'], headers['sha256']),
    headers,
  }
}

function placeOf<T extends string>(
  topic: T | undefined,
  partition: string | undefined,
  offset: string | undefined,
): (Place & { readonly topic: T }) | null {
  if (topic === undefined || partition === undefined || offset === undefined) return null
  return { topic, partition: Number(partition), offset: Number(offset) }
}

function wholeOf(length: string | undefined, sha256: string | undefined): Whole | null {
  return length === undefined || sha256 === undefined ? null : { length: Number(length), sha256 }
}
