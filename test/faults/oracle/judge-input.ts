import { isUtf8 } from 'node:buffer'
import type { InputEvent } from '../../../schemas/events.ts'
import { partitionOf } from '../../../schemas/partition.ts'
import type { InputTopic } from '../../../schemas/topics.ts'
import type { LogRecord, PartitionEvidence } from './evidence.ts'
import type { SchemaBook } from './schema-book.ts'
import type { Settings, SettingsBook } from './settings-book.ts'

/** What an input record is by itself, before anything is known of its customer. */
export type Verdict =
  | { readonly kind: 'event'; readonly key: string; readonly input: InputEvent }
  | { readonly kind: 'erasure'; readonly key: string }
  /** It must be a dead letter for one of these reasons. */
  | { readonly kind: 'refused'; readonly reasons: readonly string[] }

/** Names of the records in the input topics. */
const RECORD_NAMES: Readonly<Record<InputTopic, string>> = {
  profiles: 'Profile',
  interactions: 'Interaction',
  transactions: 'Transaction',
  surveys: 'Survey',
  outcomes: 'Outcome',
}
const ANSWERS = { NPS: [0, 10], CSAT: [1, 5], CES: [1, 7] } as const

export interface JudgeInputs {
  readonly schemas: SchemaBook
  readonly settings: SettingsBook
  readonly at: Pick<PartitionEvidence, 'partition' | 'partitions'>
}

export function judgeInput(topic: InputTopic, record: LogRecord, { schemas, settings, at }: JudgeInputs): Verdict {
  const { key, value } = record
  if (value === null) return judgeNull(topic, key, at)
  const decoded = schemas.decode(value)
  if (decoded.kind === 'unreadable') return refused(...decoded.reasons)
  if (decoded.name !== RECORD_NAMES[topic]) return refused('SCHEMA_FOREIGN')
  // The name says which of them it is.
  const input = { topic, event: decoded.value } as InputEvent
  const { tenantId, customerId } = input.event
  if (key === null) return refused('KEY_MISSING')
  if (key.toString() !== `${tenantId}/${customerId}`) return refused('KEY_MISMATCH')
  const misplaced = placeFault(key, at)
  if (misplaced !== null) return refused(misplaced)
  const fault = faultOf(input, settings.newest(tenantId), record.timestamp)
  return fault === null ? { kind: 'event', key: key.toString(), input } : refused(fault)
}

function judgeNull(topic: InputTopic, key: Buffer | null, at: JudgeInputs['at']): Verdict {
  if (key === null) return refused('KEY_MISSING')
  if (topic !== 'profiles') return refused('NULL_VALUE')
  const [, tenantId, customerId] = /^([^/]*)\/(.*)$/s.exec(key.toString()) ?? []
  if (!isTenant(tenantId ?? '') || !isSized(customerId ?? '', 512)) return refused('KEY_MISMATCH')
  const misplaced = placeFault(key, at)
  return misplaced === null ? { kind: 'erasure', key: key.toString() } : refused(misplaced)
}

function placeFault(key: Buffer, { partition, partitions }: JudgeInputs['at']): string | null {
  if (!isUtf8(key)) return 'KEY_NOT_UTF8'
  return partitionOf(key, partitions) === partition ? null : 'WRONG_PARTITION'
}

/** Ids, times, ranges and limits that a schema can't tell. @param arrivedAt the broker's clock, ms */
function faultOf(input: InputEvent, settings: Settings, arrivedAt: number): string | null {
  const { tenantId, customerId, eventId, occurredAt } = input.event
  if (!isTenant(tenantId)) return 'TENANT_ID_INVALID'
  if (!isSized(customerId, 512)) return 'CUSTOMER_ID_INVALID'
  if (!isSized(eventId, 256)) return 'EVENT_ID_INVALID'
  if (occurredAt < settings.minOccurredAt) return 'OCCURRED_AT_TOO_EARLY'
  if (occurredAt > arrivedAt + settings.maxAheadMs) return 'OCCURRED_AT_TOO_FAR_AHEAD'
  switch (input.topic) {
    case 'interactions':
      return (input.event.durationMs ?? 0) < 0 ? 'DURATION_INVALID' : null
    case 'transactions': {
      const { amountMinor, currency, lines } = input.event
      if (amountMinor < 0) return 'AMOUNT_INVALID'
      if (!isCurrency(currency)) return 'CURRENCY_INVALID'
      return lines.some(({ quantity }) => quantity < 1) ? 'QUANTITY_INVALID' : null
    }
    case 'surveys': {
      const [least, most] = ANSWERS[input.event.kind]
      return input.event.score < least || input.event.score > most ? 'SCORE_OUT_OF_RANGE' : null
    }
    case 'profiles':
      return traitFault(input.event.traits, settings)
    case 'outcomes': {
      const { valueMinor, currency } = input.event
      if ((valueMinor ?? 0) < 0) return 'AMOUNT_INVALID'
      return currency === null || isCurrency(currency) ? null : 'CURRENCY_INVALID'
    }
  }
}

function traitFault(traits: Readonly<Record<string, unknown>>, { limits }: Settings): string | null {
  for (const [name, value] of Object.entries(traits)) {
    if (!isSized(name, limits.traitNameBytes)) return 'TRAIT_NAME_INVALID'
    if (typeof value === 'number' && !Number.isFinite(value)) return 'TRAIT_NOT_FINITE'
    if (typeof value === 'string' && Buffer.byteLength(value) > limits.traitValueBytes) return 'TRAIT_VALUE_TOO_LONG'
  }
  return null
}

function isTenant(id: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(id)
}

function isSized(text: string, mostBytes: number): boolean {
  return text !== '' && Buffer.byteLength(text) <= mostBytes
}

function isCurrency(code: string): boolean {
  return /^[A-Za-z]{3}$/.test(code)
}

function refused(...reasons: string[]): Verdict {
  return { kind: 'refused', reasons }
}
