import type { InputEvent } from '../schemas/events.ts'
import { seeded, zipf } from './random.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const TENANTS = ['acme', 'globex'] as const
const TYPES = [
  'page_view',
  'product_view',
  'search',
  'add_to_cart',
  'email_open',
  'email_click',
  'login',
  'support_ticket',
]
const TYPE_SHARES = [0.4, 0.62, 0.74, 0.82, 0.9, 0.93, 0.98, 1]
const CHANNELS = ['web', 'mobile', 'email', 'store']

export interface LoadOptions {
  readonly seed: number
  readonly events: number
  readonly customers: number
  /** Event time of the last event, ms. */
  readonly until: number
  /** Event time from the first to the last. */
  readonly spanMs?: number
}

/**
 * The workload of the benchmarks: 88 % interactions, 10 % transactions (1-5 lines of 2,000 items, Zipf 1.0), 2 % surveys;
 * customers by Zipf 1.05; two tenants; 120 days of event time unless told, 1 % of the events up to 2 h late. The same seed gives the
 * same events; ids are `e` and 12 digits.
 */
export function* load({ seed, events, customers, until, spanMs = 120 * DAY_MS }: LoadOptions): Generator<InputEvent> {
  const random = seeded(seed)
  const customer = zipf(customers, 1.05)
  const item = zipf(2_000, 1)
  const step = spanMs / events
  const start = until - spanMs
  const whole = (n: number): number => Math.floor(random() * n)
  for (let i = 0; i < events; i++) {
    const rank = customer(random)
    const late = random() < 0.01 ? whole(2 * HOUR_MS) : 0
    const base = {
      eventId: `e${String(i).padStart(12, '0')}`,
      tenantId: TENANTS[rank % 2]!,
      customerId: `c${rank}`,
      occurredAt: Math.floor(start + i * step) - late,
    }
    const kind = random()
    if (kind < 0.88) {
      const draw = random()
      yield {
        topic: 'interactions',
        event: {
          ...base,
          type: TYPES[TYPE_SHARES.findIndex((share) => draw < share)]!,
          channel: random() < 0.1 ? null : CHANNELS[whole(4)]!,
          itemId: random() < 0.5 ? `item-${item(random)}` : null,
          durationMs: random() < 0.5 ? whole(60_000) : null,
          properties: {},
        },
      }
    } else if (kind < 0.98) {
      const lines = Array.from({ length: 1 + whole(5) }, () => {
        const id = item(random)
        return {
          itemId: `item-${id}`,
          category: random() < 0.5 ? `cat${id % 20}` : null,
          quantity: 1 + whole(3),
          unitPriceMinor: 199 + ((id * 37) % 9_000),
        }
      })
      yield {
        topic: 'transactions',
        event: {
          ...base,
          type: random() < 0.03 ? 'REFUND' : 'PURCHASE',
          orderId: `o${i}`,
          currency: 'GBP',
          amountMinor: lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0),
          lines,
          properties: {},
        },
      }
    } else {
      const isNps = random() < 0.7
      yield {
        topic: 'surveys',
        event: {
          ...base,
          kind: isNps ? 'NPS' : 'CSAT',
          score: isNps ? (random() < 0.6 ? 8 + whole(3) : whole(11)) : 1 + whole(5),
          comment: random() < 0.25 ? `comment ${whole(1_000)}` : null,
          attributes: random() < 0.5 ? { source: 'email' } : {},
        },
      }
    }
  }
}

/**
 * One event for each customer of `load`, so that all of them are known: their traits, if there are to be any, else a login.
 * Ids are `p-1`, `p-2` and so on: negative numbers where `load` has event numbers.
 */
export function* firstEvents(customers: number, traits: number, occurredAt: number): Generator<InputEvent> {
  for (let rank = 0; rank < customers; rank++) {
    const base = { eventId: `p-${rank + 1}`, tenantId: TENANTS[rank % 2]!, customerId: `c${rank}`, occurredAt }
    if (traits > 0) yield { topic: 'profiles', event: { ...base, traits: traitsOf(rank, traits) } }
    else {
      const visit = { type: 'login', channel: null, itemId: null, durationMs: null, properties: {} }
      yield { topic: 'interactions', event: { ...base, ...visit } }
    }
  }
}

/** Words, numbers and flags by turns. */
function traitsOf(rank: number, count: number): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `trait_${i}`,
      i % 3 === 0 ? `level-${(rank + i) % 20}` : i % 3 === 1 ? (rank * (i + 1)) % 1_000 : (rank + i) % 2 === 0,
    ]),
  )
}

/** The number of a run's first event: runs with other seeds use none of its event ids. */
export function firstEventOf(seed: number): number {
  return seed * 100_000_000
}

/** The events with ids that no run with another seed uses. */
export function* numbered(events: Iterable<InputEvent>, seed: number): Generator<InputEvent> {
  let number = firstEventOf(seed)
  for (const { topic, event } of events) {
    yield { topic, event: { ...event, eventId: `e${String(number++).padStart(12, '0')}` } } as InputEvent
  }
}
