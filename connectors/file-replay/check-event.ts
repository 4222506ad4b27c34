import { ANSWER_RANGES } from '../../schemas/answer-ranges.ts'
import { type AvroType, avroType } from '../../schemas/avro-type.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { MAX_CUSTOMER_ID_BYTES, TENANT_ID_PATTERN } from '../../schemas/partition.ts'
import { INPUT_TOPICS } from '../../schemas/topics.ts'
import { Rejection, type RejectReason, show } from './rejection.ts'
import { topicSchema } from './topic-schema.ts'

const MAX_EVENT_ID_BYTES = 256
/** Leaves room for the record's key and frame below the input topics' 1 MiB. */
const MAX_EVENT_BYTES = 1_000_000
/** Below this no event of the file can come near the limit; encoding it to see would be work for nothing. */
const WORTH_MEASURING_BYTES = 100_000

const types = new Map(INPUT_TOPICS.map((topic) => [topic, avroType(topicSchema(topic))]))

/**
 * Whether the workers would take the event; else they'd dead-letter it, far from the line it came from. Limits that are a
 * tenant's settings are theirs alone.
 */
export function checkEvent({ topic, event }: InputEvent, sourceBytes: number): Rejection | null {
  const type = types.get(topic)!
  if (!type.isValid(event)) return schemaFault(type, event)
  return checkIds(event) ?? checkRanges({ topic, event } as InputEvent) ?? checkSize(type, event, sourceBytes)
}

function schemaFault(type: AvroType, event: unknown): Rejection {
  const faults: { field: string; value: unknown }[] = []
  type.isValid(event, { errorHook: (path, value) => faults.push({ field: path.join('.'), value }) })
  const { field, value } = faults[0] ?? { field: '', value: '' }
  return refuse('FIELD_INVALID', field, `${show(String(value))} is refused by the schema`)
}

function checkIds({ tenantId, customerId, eventId }: InputEvent['event']): Rejection | null {
  if (!TENANT_ID_PATTERN.test(tenantId)) return refuse('TENANT_ID_INVALID', 'tenantId', show(tenantId))
  if (!isId(customerId, MAX_CUSTOMER_ID_BYTES)) return refuse('CUSTOMER_ID_INVALID', 'customerId', show(customerId))
  if (!isId(eventId, MAX_EVENT_ID_BYTES)) return refuse('EVENT_ID_INVALID', 'eventId', show(eventId))
  return null
}

function checkRanges({ topic, event }: InputEvent): Rejection | null {
  switch (topic) {
    case 'interactions':
      return event.durationMs === null || event.durationMs >= 0
        ? null
        : refuse('DURATION_INVALID', 'durationMs', String(event.durationMs))
    case 'transactions': {
      const line = event.lines.findIndex(({ quantity }) => quantity < 1)
      if (line >= 0) return refuse('QUANTITY_INVALID', 'lines.quantity', String(event.lines[line]!.quantity), line)
      return checkMoney('amountMinor', event.amountMinor, event.currency)
    }
    case 'surveys': {
      const [least, most] = ANSWER_RANGES[event.kind]
      if (event.score >= least && event.score <= most) return null
      return refuse('SCORE_OUT_OF_RANGE', 'score', `${event.score} of ${event.kind} must be ${least}-${most}`)
    }
    case 'outcomes':
      return checkMoney('valueMinor', event.valueMinor, event.currency)
    case 'profiles':
      return null
  }
}

function checkMoney(field: string, amount: number | null, currency: string | null): Rejection | null {
  if (amount !== null && amount < 0) return refuse('AMOUNT_INVALID', field, `${amount} is below 0`)
  if (currency === null || /^[A-Za-z]{3}$/.test(currency)) return null
  return refuse('CURRENCY_INVALID', 'currency', show(currency))
}

function checkSize(type: AvroType, event: unknown, sourceBytes: number): Rejection | null {
  if (sourceBytes < WORTH_MEASURING_BYTES) return null
  const bytes = type.toBuffer(event).length
  return bytes <= MAX_EVENT_BYTES ? null : refuse('EVENT_TOO_LARGE', '', `${bytes} bytes, more than ${MAX_EVENT_BYTES}`)
}

function isId(id: string, maxBytes: number): boolean {
  return id.length > 0 && id.isWellFormed() && Buffer.byteLength(id) <= maxBytes
}

function refuse(reason: RejectReason, field: string, problem: string, row = 0): Rejection {
  return new Rejection(reason, field, problem, row)
}
