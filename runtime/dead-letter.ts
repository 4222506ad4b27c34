import { createHash } from 'node:crypto'
import { encodeHeader } from '../connectors/kafka/record-batch-builder.ts'
import type { ConsumedRecord } from '../connectors/kafka/record-batch-reader.ts'
import type { InputTopic } from '../schemas/topics.ts'
import type { EncodedHeaders } from './record-headers.ts'

/** Longer values are cut: a dead letter must fit into its topic whatever the input topic took. */
export const MAX_DEAD_LETTER_BYTES = 4 * 1024 * 1024
const MAX_ERROR_CHARACTERS = 1_000

export interface DeadLetter {
  /** The station that refused it: decode, key, validate, window, processor. */
  readonly stage: string
  /** A stable code, such as SCORE_OUT_OF_RANGE. */
  readonly reason: string
  /** For people; names the field. */
  readonly error: string
}

export interface EncodedDeadLetter {
  readonly value: Buffer | null
  readonly headers: EncodedHeaders
}

/** The record's own bytes with its origin and reason in headers; `length` and `sha256` of the whole when it was cut. */
export function encodeDeadLetter(
  topic: InputTopic,
  partition: number,
  record: ConsumedRecord,
  { stage, reason, error }: DeadLetter,
): EncodedDeadLetter {
  const headers = [
    encodeHeader('topic', topic),
    encodeHeader('partition', String(partition)),
    encodeHeader('offset', String(record.offset)),
    encodeHeader('ingestedAt', String(record.timestamp)),
    encodeHeader('stage', stage),
    encodeHeader('reason', reason),
    encodeHeader('error', error.slice(0, MAX_ERROR_CHARACTERS)),
  ]
  let { value } = record
  if (value !== null && value.length > MAX_DEAD_LETTER_BYTES) {
    headers.push(
      encodeHeader('length', String(value.length)),
      encodeHeader('sha256', createHash('sha256').update(value).digest('hex')),
    )
    value = value.subarray(0, MAX_DEAD_LETTER_BYTES)
  }
  return { value, headers: { bytes: Buffer.concat(headers), count: headers.length } }
}
