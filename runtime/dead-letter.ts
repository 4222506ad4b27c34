import { createHash } from 'node:crypto'
import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import { encodeHeader } from '../connectors/kafka/record-batch-builder.ts'
import type { AppError } from '../schemas/errors.ts'
import type { TopicName } from '../schemas/topics.ts'

/**
 * Longer ones are cut: a dead letter must fit into its topic whatever the input topic took. A compressed batch below the
 * topic's limit may hold more than either.
 */
export const MAX_DEAD_LETTER_BYTES = 4 * 1024 * 1024
export const MAX_DEAD_LETTER_KEY_BYTES = 64 * 1024
const MAX_ERROR_CHARACTERS = 1_000
const FIRST_ORIGIN: readonly (readonly [string, RegExp])[] = [
  ['firstTopic', /^[a-z-]{1,32}$/],
  ['firstPartition', /^\d{1,10}$/],
  ['firstOffset', /^\d{1,16}$/],
]

export interface DeadLetter {
  /** The station that refused it: decode, key, validate, window, processor. */
  readonly stage: string
  /** A stable code, such as SCORE_OUT_OF_RANGE. */
  readonly reason: string
  /** For people; names the field. */
  readonly error: string
}

/** Of a value that can't be decoded. */
export function decodeFailure(error: AppError): DeadLetter {
  const { reason } = error.details
  return { stage: 'decode', reason: typeof reason === 'string' ? reason : error.code, error: error.message }
}

export interface EncodedHeaders {
  readonly bytes: Buffer
  readonly count: number
}

export interface EncodedDeadLetter {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: EncodedHeaders
}

/**
 * The record's own bytes with its origin and reason in headers. What was cut has the length and hash of the whole there:
 * `length` and `sha256` of the value, `keyLength` and `keySha256` of the key. A record that `everscore dlq replay` sent
 * keeps the origin of the first one (`firstTopic`, `firstPartition`, `firstOffset`).
 */
export function encodeDeadLetter(
  topic: TopicName,
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
    ...firstOrigin(record),
  ]
  const value = cut(record.value, MAX_DEAD_LETTER_BYTES, { length: 'length', hash: 'sha256' }, headers)
  const key = cut(record.key, MAX_DEAD_LETTER_KEY_BYTES, { length: 'keyLength', hash: 'keySha256' }, headers)
  return { key, value, headers: { bytes: Buffer.concat(headers), count: headers.length } }
}

function cut(
  bytes: Buffer | null,
  maxBytes: number,
  names: { readonly length: string; readonly hash: string },
  headers: Buffer[],
): Buffer | null {
  if (bytes === null || bytes.length <= maxBytes) return bytes
  headers.push(
    encodeHeader(names.length, String(bytes.length)),
    encodeHeader(names.hash, createHash('sha256').update(bytes).digest('hex')),
  )
  return bytes.subarray(0, maxBytes)
}

/** Any producer may send such headers, so only what looks like an origin goes on. */
function firstOrigin(record: ConsumedRecord): Buffer[] {
  const headers = record.headers()
  const found = FIRST_ORIGIN.flatMap(([name, pattern]) => {
    const text = headers.get(name)?.toString() ?? ''
    return pattern.test(text) ? encodeHeader(name, text) : []
  })
  return found.length === FIRST_ORIGIN.length ? found : []
}
