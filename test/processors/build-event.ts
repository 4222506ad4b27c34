import type { Interaction } from '../../schemas/avro/interaction.ts'
import type { Outcome } from '../../schemas/avro/outcome.ts'
import type { Profile } from '../../schemas/avro/profile.ts'
import type { Survey } from '../../schemas/avro/survey.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'

export const NOON = Date.UTC(2026, 0, 15, 12)
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

let built = 0
const head = () => ({ eventId: `event-${++built}`, tenantId: 'shop', customerId: 'ada', occurredAt: NOON })

export function interaction(fields: Partial<Interaction> = {}): Interaction {
  return { ...head(), type: 'page_view', channel: null, itemId: null, durationMs: null, properties: {}, ...fields }
}

export function transaction(fields: Partial<Transaction> = {}): Transaction {
  const money = { currency: 'GBP', amountMinor: 2500, orderId: null }
  return { ...head(), type: 'PURCHASE', ...money, lines: [], properties: {}, ...fields }
}

export function survey(fields: Partial<Survey> = {}): Survey {
  return { ...head(), kind: 'NPS', score: 9, comment: null, attributes: {}, ...fields }
}

export function profile(fields: Partial<Profile> = {}): Profile {
  return { ...head(), traits: { plan: 'pro' }, ...fields }
}

export function outcome(fields: Partial<Outcome> = {}): Outcome {
  return { ...head(), kind: 'CONVERTED', valueMinor: null, currency: null, ...fields }
}
