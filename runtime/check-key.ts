import { isUtf8 } from 'node:buffer'
import type { InputEvent } from '../schemas/events.ts'
import { MAX_CUSTOMER_ID_BYTES, partitionOf, TENANT_ID_PATTERN } from '../schemas/partition.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { TakenRecord } from './taken-record.ts'

/** Why the record's key can't be that of its customer, or null. @param input what it holds @param key as text */
export function misnamed({ record, topic }: TakenRecord, input: InputEvent | null, key: string): DeadLetter | null {
  if (record.keyLength < 0) return refused('KEY_MISSING', 'key is null, not <tenantId>/<customerId>')
  if (input === null) {
    if (topic !== 'profiles') return { stage: 'decode', reason: 'NULL_VALUE', error: `value is null on ${topic}` }
    return isCustomerKey(key) ? null : refused('KEY_MISMATCH', `key is not <tenantId>/<customerId>: ${shown(key)}`)
  }
  const { tenantId, customerId } = input.event
  const matches =
    key.length === tenantId.length + 1 + customerId.length &&
    key.startsWith(tenantId) &&
    key[tenantId.length] === '/' &&
    key.endsWith(customerId)
  return matches ? null : refused('KEY_MISMATCH', `key is not tenantId/customerId of the value: ${shown(key)}`)
}

/** Why the record is in the wrong partition, or null. */
export function misplaced(
  key: Buffer,
  at: { readonly partition: number; readonly partitions: number },
): DeadLetter | null {
  // Two keys that aren't UTF-8 may read the same: they would share one customer.
  if (!isUtf8(key)) return refused('KEY_NOT_UTF8', `key is not UTF-8: ${shown(key.toString('hex'))}`)
  const belongs = partitionOf(key, at.partitions)
  if (belongs === at.partition) return null
  const advice = 'the producer must use the murmur2 partitioner (librdkafka: partitioner=murmur2_random)'
  return refused('WRONG_PARTITION', `key belongs to partition ${belongs}, not ${at.partition}: ${advice}`)
}

/** Of an erasure, which has no value to compare its key with. */
function isCustomerKey(key: string): boolean {
  const slash = key.indexOf('/')
  const idBytes = Buffer.byteLength(key.slice(slash + 1))
  return slash > 0 && TENANT_ID_PATTERN.test(key.slice(0, slash)) && idBytes >= 1 && idBytes <= MAX_CUSTOMER_ID_BYTES
}

function refused(reason: string, error: string): DeadLetter {
  return { stage: 'key', reason, error }
}

function shown(key: string): string {
  return key.slice(0, 200)
}
