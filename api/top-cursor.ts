import { AppError } from '../schemas/errors.ts'
import { MAX_CUSTOMER_ID_BYTES } from '../schemas/partition.ts'
import type { TopIndex } from '../schemas/redis-keys.ts'
import type { TopEntry } from './customer-lookup.ts'

/** Where a page ended, as text that fits a URL. It names a place, not a moment: it never expires. */
export function encodeTopCursor(index: TopIndex, last: TopEntry): string {
  return Buffer.from(JSON.stringify([index, last.score, last.id.toString('base64')])).toString('base64url')
}

/** @throws AppError INPUT_INVALID naming `cursor` when it isn't one, or one of another list */
export function decodeTopCursor(index: TopIndex, cursor: string): TopEntry {
  const parts = parsed(cursor)
  if (!Array.isArray(parts) || parts.length !== 3) throw refusal('is not one that this list gave')
  const [by, score, id] = parts as unknown[]
  if (by !== index) throw refusal(`is one of another list than ${index}`)
  if (!Number.isSafeInteger(score) || typeof id !== 'string') throw refusal('is not one that this list gave')
  const bytes = Buffer.from(id, 'base64')
  if (bytes.length === 0 || bytes.length > MAX_CUSTOMER_ID_BYTES || bytes.toString('base64') !== id) {
    throw refusal('is not one that this list gave')
  }
  return { score: score as number, id: bytes } // isSafeInteger is no type guard
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}

function refusal(problem: string): AppError {
  return new AppError('INPUT_INVALID', `cursor ${problem}`, { details: { field: 'cursor', in: 'query' } })
}
