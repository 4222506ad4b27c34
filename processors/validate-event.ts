import { ANSWER_RANGES } from '../schemas/answer-ranges.ts'
import type { Outcome as OutcomeEvent } from '../schemas/avro/outcome.ts'
import type { Profile } from '../schemas/avro/profile.ts'
import type { Survey } from '../schemas/avro/survey.ts'
import type { Transaction } from '../schemas/avro/transaction.ts'
import { MAX_CUSTOMER_ID_BYTES, TENANT_ID_PATTERN } from '../schemas/partition.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import type { EventContext } from './event-context.ts'
import { deadLetter, FORWARD, type Outcome } from './outcome.ts'
import type { Processor } from './processor.ts'

const STAGE = 'validate-event'
const MAX_EVENT_ID_BYTES = 256

/** Refuses what the schema can't: ids, times, ranges and limits. Types are the decoder's business. */
export function createValidateEvent(): Processor {
  // The regular expression runs once per change of tenant, not once per event.
  let knownTenant: string | undefined
  return (context) => {
    const { tenantId, customerId, input } = context
    if (tenantId !== knownTenant) {
      if (!TENANT_ID_PATTERN.test(tenantId)) {
        return refuse('TENANT_ID_INVALID', `tenantId ${show(tenantId)} must match ${TENANT_ID_PATTERN.source}`)
      }
      knownTenant = tenantId
    }
    if (!isId(customerId, MAX_CUSTOMER_ID_BYTES)) {
      return refuse('CUSTOMER_ID_INVALID', `customerId ${show(customerId)} must be 1-512 bytes of UTF-8`)
    }
    if (!isId(input.event.eventId, MAX_EVENT_ID_BYTES)) {
      return refuse('EVENT_ID_INVALID', `eventId ${show(input.event.eventId)} must be 1-256 bytes of UTF-8`)
    }
    const time = checkTime(context)
    if (time !== FORWARD) return time
    switch (input.topic) {
      case 'interactions':
        return checkDuration(input.event.durationMs)
      case 'transactions':
        return checkTransaction(input.event)
      case 'surveys':
        return checkSurvey(input.event)
      case 'profiles':
        return checkProfile(input.event, context.tenant)
      case 'outcomes':
        return checkOutcome(input.event)
    }
  }
}

function checkTime({ input, tenant, now }: EventContext): Outcome {
  const { occurredAt } = input.event
  if (!Number.isSafeInteger(occurredAt)) {
    return refuse('OCCURRED_AT_INVALID', `occurredAt ${occurredAt} must be whole milliseconds`)
  }
  if (occurredAt < tenant.minOccurredAt) {
    return refuse('OCCURRED_AT_TOO_EARLY', `occurredAt ${occurredAt} is before ${tenant.minOccurredAt}`)
  }
  if (occurredAt > now + tenant.maxAheadMs) {
    return refuse(
      'OCCURRED_AT_TOO_FAR_AHEAD',
      `occurredAt ${occurredAt} is more than ${tenant.maxAheadMs} ms ahead of the worker's clock ${now}`,
    )
  }
  return FORWARD
}

function checkDuration(durationMs: number | null): Outcome {
  if (durationMs === null || durationMs >= 0) return FORWARD
  return refuse('DURATION_INVALID', `durationMs ${durationMs} must not be negative`)
}

function checkTransaction({ amountMinor, currency, lines }: Transaction): Outcome {
  const money = checkMoney('amountMinor', amountMinor, currency)
  if (money !== FORWARD) return money
  for (let i = 0; i < lines.length; i++) {
    const { quantity, unitPriceMinor } = lines[i]!
    if (!Number.isInteger(quantity) || quantity < 1) {
      return refuse('QUANTITY_INVALID', `lines[${i}].quantity ${quantity} must be 1 or more`)
    }
    if (!Number.isSafeInteger(unitPriceMinor)) {
      return refuse('AMOUNT_INVALID', `lines[${i}].unitPriceMinor ${unitPriceMinor} must be a safe whole number`)
    }
  }
  return FORWARD
}

function checkMoney(field: string, amountMinor: number, currency: string): Outcome {
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 0) {
    return refuse('AMOUNT_INVALID', `${field} ${amountMinor} must be a safe whole number of 0 or more`)
  }
  if (!isCurrency(currency)) return refuse('CURRENCY_INVALID', `currency ${show(currency)} must be three letters`)
  return FORWARD
}

function checkSurvey({ kind, score }: Survey): Outcome {
  const [least, most] = ANSWER_RANGES[kind]
  if (Number.isInteger(score) && score >= least && score <= most) return FORWARD
  return refuse('SCORE_OUT_OF_RANGE', `score ${score} of ${kind} must be ${least}-${most}`)
}

function checkProfile({ traits }: Profile, { limits }: TenantSettings): Outcome {
  for (const name in traits) {
    const value = traits[name]
    if (name === '' || Buffer.byteLength(name) > limits.traitNameBytes) {
      return refuse('TRAIT_NAME_INVALID', `trait name ${show(name)} must be 1-${limits.traitNameBytes} bytes`)
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      return refuse('TRAIT_NOT_FINITE', `trait ${show(name)} is ${value}`)
    }
    if (typeof value === 'string' && Buffer.byteLength(value) > limits.traitValueBytes) {
      return refuse('TRAIT_VALUE_TOO_LONG', `trait ${show(name)} has more than ${limits.traitValueBytes} bytes`)
    }
  }
  return FORWARD
}

function checkOutcome({ valueMinor, currency }: OutcomeEvent): Outcome {
  if (valueMinor !== null && (!Number.isSafeInteger(valueMinor) || valueMinor < 0)) {
    return refuse('AMOUNT_INVALID', `valueMinor ${valueMinor} must be a safe whole number of 0 or more`)
  }
  if (currency !== null && !isCurrency(currency)) {
    return refuse('CURRENCY_INVALID', `currency ${show(currency)} must be three letters`)
  }
  return FORWARD
}

/** Well-formed, not empty, and within the limit; only ids that could pass it are measured in bytes. */
function isId(id: string, maxBytes: number): boolean {
  if (id.length === 0 || id.length > maxBytes || !id.isWellFormed()) return false
  return id.length * 3 <= maxBytes || Buffer.byteLength(id) <= maxBytes
}

function isCurrency(code: string): boolean {
  return (
    code.length === 3 && isLetter(code.charCodeAt(0)) && isLetter(code.charCodeAt(1)) && isLetter(code.charCodeAt(2))
  )
}

function isLetter(unit: number): boolean {
  const lower = unit | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

function refuse(reason: string, error: string): Outcome {
  return deadLetter(STAGE, reason, error)
}
