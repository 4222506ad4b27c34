import { type seeded, zipf } from '../../../bench/random.ts'
import type { Outcome } from '../../../schemas/avro/outcome.ts'
import type { Survey } from '../../../schemas/avro/survey.ts'
import { INTERACTION_TYPES } from '../../../schemas/customer-state.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { customerKey } from '../../../schemas/partition.ts'
import { Orders } from './make-orders.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Event time that a run covers. */
const DAYS = 120

export const TENANTS = ['acme', 'bolt'] as const

export type Load = InputEvent | { readonly topic: 'profiles'; readonly erase: string }

export interface LoadOptions {
  readonly random: ReturnType<typeof seeded>
  readonly customers: number
  /** So many events pass the event time up to `until`, epoch ms; those that come later are all of that time. */
  readonly events: number
  readonly until: number
  /** Before every event id: runs over one installation need different ones. */
  readonly ids: string
}

/**
 * Endless events of all topics and types: 2 % repeat one of the last 200 events, 2 % are up to three days late, 0.5 % up
 * to forty, 0.7 % break a rule that no schema knows, 0.3 % erase their customer. Customers by Zipf 0.7, so that most of
 * them are quiet for long. The same random numbers give the same events.
 */
export function* makeEvents({ random, customers, events, until, ids }: LoadOptions): Generator<Load, never> {
  const rankOf = zipf(customers, 0.7)
  const recent: InputEvent[] = []
  const orders = new Orders(random)
  for (let i = 0; ; i++) {
    if (recent.length > 0 && random() < 0.02) {
      yield pick(random, recent)
      continue
    }
    const rank = rankOf(random)
    const tenantId = TENANTS[rank % TENANTS.length]!
    const customerId = rank % 50 === 7 ? `c/{${rank}} 👋` : `c${rank}`
    if (random() < 0.003) {
      yield { topic: 'profiles', erase: customerKey(tenantId, customerId) }
      continue
    }
    const passed = Math.min(1, i / events)
    const luck = random()
    const late = luck < 0.025 ? Math.floor(random() * (luck < 0.005 ? 40 : 3) * DAY_MS) : 0
    const occurredAt = Math.floor(until - (1 - passed) * DAYS * DAY_MS) - late
    const base = { eventId: `${ids}${i}`, tenantId, customerId, occurredAt }
    const event = random() < 0.007 ? badEvent(random, base) : goodEvent(random, base, orders)
    recent[i % 200] = event
    yield event
  }
}

type Random = LoadOptions['random']
type Base = Pick<InputEvent['event'], 'eventId' | 'tenantId' | 'customerId' | 'occurredAt'>

function goodEvent(random: Random, base: Base, orders: Orders): InputEvent {
  const kind = random()
  if (kind < 0.75) return interaction(random, base)
  if (kind < 0.89) return transaction(random, base, orders)
  if (kind < 0.94) {
    const attributes = attributesOf(random)
    return { topic: 'surveys', event: { ...base, ...answer(random), comment: null, attributes } }
  }
  if (kind < 0.98) return { topic: 'profiles', event: { ...base, traits: traits(random) } }
  const outcome = pick(random, ['CONVERTED', 'LOST', 'CHURNED', 'RETAINED'] satisfies Outcome['kind'][])
  return { topic: 'outcomes', event: { ...base, kind: outcome, valueMinor: null, currency: null } }
}

function interaction(random: Random, base: Base): InputEvent {
  // Two thirds of them views; a large one now and then.
  const type = random() < 0.66 ? 'page_view' : pick(random, [...INTERACTION_TYPES, 'unheard_of', 'Login'])
  const properties: Record<string, string> = random() < 0.0005 ? { text: 'x'.repeat(400_000) } : {}
  const durationMs = random() < 0.5 ? Math.floor(random() * 60_000) : null
  return { topic: 'interactions', event: { ...base, type, channel: 'web', itemId: null, durationMs, properties } }
}

function transaction(random: Random, base: Base, orders: Orders): InputEvent {
  const draw = random()
  const rest = ['PAYMENT_FAILED', 'SUBSCRIPTION_STARTED', 'SUBSCRIPTION_RENEWED', 'SUBSCRIPTION_CANCELLED'] as const
  if (draw < 0.7) return orders.purchase(base)
  if (draw < 0.78) return orders.refund(base)
  const money = {
    currency: 'GBP',
    amountMinor: Math.floor(random() * 20_000),
    orderId: null,
    lines: [],
    properties: {},
  }
  return { topic: 'transactions', event: { ...base, ...money, type: pick(random, rest) } }
}

/** Of some answers the survey and the groups; of a few a group whose name is too long. */
function attributesOf(random: Random): Record<string, string> {
  const attributes: Record<string, string> = {}
  if (random() < 0.6) attributes['region'] = pick(random, ['EU', 'US', 'a/b +%', 'Ü'])
  if (random() < 0.3) attributes['plan'] = random() < 0.02 ? 'x'.repeat(200) : pick(random, ['free', 'pro'])
  if (random() < 0.3) attributes['survey'] = pick(random, ['onboarding', 'support'])
  return attributes
}

function answer(random: Random): Pick<Survey, 'kind' | 'score'> {
  const kind = pick(random, ['NPS', 'NPS', 'CSAT', 'CES'] as const)
  const [least, most] = { NPS: [0, 10] as const, CSAT: [1, 5] as const, CES: [1, 7] as const }[kind]
  return { kind, score: least + Math.floor(random() * (most - least + 1)) }
}

function traits(random: Random): Record<string, string | number | boolean | null> {
  const value = pick(random, ['gold', 12.5, true, null, ''])
  return { [`trait${Math.floor(random() * 12)}`]: value, seats: Math.floor(random() * 100) }
}

const PURCHASE = { type: 'PURCHASE', currency: 'GBP', amountMinor: 100, orderId: null, properties: {} } as const

/** Fits its schema, and must be refused all the same. */
function badEvent(random: Random, base: Base): InputEvent {
  const money = { ...PURCHASE, lines: [] }
  const view = { type: 'page_view', channel: null, itemId: null, durationMs: null, properties: {} }
  const survey = { kind: 'NPS', score: 11, comment: null, attributes: {} } as const
  return pick(random, [
    { topic: 'surveys', event: { ...base, ...survey } },
    { topic: 'surveys', event: { ...base, ...survey, kind: 'CSAT', score: 0 } },
    { topic: 'transactions', event: { ...base, ...money, amountMinor: -1 } },
    { topic: 'transactions', event: { ...base, ...money, currency: '£££' } },
    { topic: 'interactions', event: { ...base, ...view, durationMs: -5 } },
    { topic: 'interactions', event: { ...base, ...view, occurredAt: Date.UTC(1900, 0, 1) } },
    { topic: 'interactions', event: { ...base, ...view, occurredAt: Date.UTC(3000, 0, 1) } },
    { topic: 'profiles', event: { ...base, traits: { weight: Number.NaN } } },
    { topic: 'profiles', event: { ...base, traits: { note: 'x'.repeat(1_025) } } },
  ] satisfies InputEvent[])
}

function pick<T>(random: Random, from: readonly T[]): T {
  // Places of `recent` may still be empty.
  return from[Math.floor(random() * from.length)] ?? from[0]!
}
