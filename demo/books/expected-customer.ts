import type { Interaction } from '../../schemas/avro/interaction.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import { INTERACTION_TYPES } from '../../schemas/customer-state.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { type DecayedCount, decayedCounts } from './decayed-counts.ts'
import { type PurchaseGaps, purchaseGaps } from './purchase-gaps.ts'

const SESSION_GAP_MS = 30 * 60_000

export interface ExpectedMoney {
  readonly currency: string
  readonly purchasedMinor: number
  readonly refundedMinor: number
}

export interface ExpectedAnswer {
  readonly score: number
  readonly at: number
}

/** What must be known of a customer after all of his events. Times are epoch ms of event time; null: never. */
export interface ExpectedCustomer {
  readonly firstSeenAt: number
  readonly newestAt: number
  readonly lastActiveAt: number | null
  readonly lastInteractionAt: number | null
  readonly sessions: number
  /** By interaction type, and `payment_failed`; types that never occurred are left out. */
  readonly counts: ReadonlyMap<string, DecayedCount>
  readonly purchases: number
  readonly refunds: number
  readonly failedPayments: number
  readonly firstPurchaseAt: number | null
  readonly lastPurchaseAt: number | null
  /** Different ones, the most of those that were made then. */
  readonly lastPurchaseItems: number
  readonly gaps: PurchaseGaps
  /** By currency, in the order of their codes. */
  readonly money: readonly ExpectedMoney[]
  /** The one that counts as spend; null: no money moved in it. */
  readonly reporting: ExpectedMoney | null
  readonly subscription: 'none' | 'active' | 'cancelled'
  readonly answers: Readonly<Record<'NPS' | 'CSAT' | 'CES', ExpectedAnswer | null>>
  /** Name -> newest value; removed ones are left out. */
  readonly traits: ReadonlyMap<string, boolean | number | string>
}

/**
 * Computed anew from a customer's events by definition, one pass for each figure, with none of the pipeline's code:
 * slow, and nothing in it to be wrong in the same way.
 * @param events each valid event once, in the order in which it was sent
 */
export function expectedCustomer(events: readonly InputEvent[]): ExpectedCustomer {
  const times = events.map(({ event }) => event.occurredAt)
  const newestAt = Math.max(...times)
  const interactions = events.flatMap((each) => (each.topic === 'interactions' ? [each.event] : []))
  const transactions = events.flatMap((each) => (each.topic === 'transactions' ? [each.event] : []))
  const ofType = (type: Transaction['type']) => transactions.filter((each) => each.type === type)
  const purchaseTimes = ofType('PURCHASE').map((each) => each.occurredAt)
  const money = moneyOf(transactions)
  const newest = (moments: readonly number[]): number | null => (moments.length === 0 ? null : Math.max(...moments))
  const lastPurchaseAt = newest(purchaseTimes)
  return {
    firstSeenAt: Math.min(...times),
    newestAt,
    lastActiveAt: newest([
      ...interactions.filter(showsActivity).map((each) => each.occurredAt),
      ...transactions.filter(showsLoyalty).map((each) => each.occurredAt),
    ]),
    lastInteractionAt: newest(interactions.map((each) => each.occurredAt)),
    sessions: sessionsOf(interactions.map((each) => each.occurredAt)),
    counts: decayedCounts(
      [
        ...interactions.map(({ type, occurredAt }) => ({ name: typeOf(type), at: occurredAt })),
        ...ofType('PAYMENT_FAILED').map(({ occurredAt }) => ({ name: 'payment_failed', at: occurredAt })),
      ],
      newestAt,
    ),
    purchases: purchaseTimes.length,
    refunds: ofType('REFUND').length,
    failedPayments: ofType('PAYMENT_FAILED').length,
    firstPurchaseAt: purchaseTimes.length === 0 ? null : Math.min(...purchaseTimes),
    lastPurchaseAt,
    lastPurchaseItems: Math.max(
      0,
      ...ofType('PURCHASE')
        .filter(({ occurredAt }) => occurredAt === lastPurchaseAt)
        .map(({ lines }) => new Set(lines.map(({ itemId }) => itemId)).size),
    ),
    gaps: purchaseGaps(purchaseTimes),
    money,
    reporting: money[0] ?? null,
    subscription: subscriptionOf(transactions),
    answers: { NPS: answerOf(events, 'NPS'), CSAT: answerOf(events, 'CSAT'), CES: answerOf(events, 'CES') },
    traits: traitsOf(events),
  }
}

/** Types without a counter of their own count as `other`. */
function typeOf(name: string): string {
  return INTERACTION_TYPES.find((type) => type === name.toLowerCase()) ?? 'other'
}

/** What is done to a customer, and his good-bye, are no act of one who stays. */
function showsActivity({ type }: Interaction): boolean {
  return type !== 'contact_attempt' && type !== 'unsubscribe'
}

function showsLoyalty({ type }: Transaction): boolean {
  return type === 'PURCHASE' || type === 'SUBSCRIPTION_STARTED' || type === 'SUBSCRIPTION_RENEWED'
}

/** One at the first interaction, and one for each that comes more than half an hour after all before it. */
function sessionsOf(times: readonly number[]): number {
  return times.filter((at, i) => i === 0 || at - Math.max(...times.slice(0, i)) > SESSION_GAP_MS).length
}

function moneyOf(transactions: readonly Transaction[]): ExpectedMoney[] {
  const moved = transactions.filter(({ type }) => type === 'PURCHASE' || type === 'REFUND')
  const currencies = [...new Set(moved.map((each) => each.currency))].sort()
  return currencies.map((currency) => {
    const sum = (type: Transaction['type']): number =>
      moved.reduce(
        (total, each) => total + (each.type === type && each.currency === currency ? each.amountMinor : 0),
        0,
      )
    return { currency, purchasedMinor: sum('PURCHASE'), refundedMinor: sum('REFUND') }
  })
}

function subscriptionOf(transactions: readonly Transaction[]): ExpectedCustomer['subscription'] {
  const moves = transactions.filter(({ type }) => type.startsWith('SUBSCRIPTION_'))
  const last = newestOf(moves)
  if (last === undefined) return 'none'
  return last.type === 'SUBSCRIPTION_CANCELLED' ? 'cancelled' : 'active'
}

function answerOf(events: readonly InputEvent[], kind: 'NPS' | 'CSAT' | 'CES'): ExpectedAnswer | null {
  const answers = events.flatMap((each) => (each.topic === 'surveys' && each.event.kind === kind ? [each.event] : []))
  const last = newestOf(answers)
  return last === undefined ? null : { score: last.score, at: last.occurredAt }
}

function traitsOf(events: readonly InputEvent[]): Map<string, boolean | number | string> {
  const profiles = events.flatMap((each) => (each.topic === 'profiles' ? [each.event] : []))
  const traits = new Map<string, boolean | number | string>()
  for (const { traits: named } of profiles.toSorted((a, b) => a.occurredAt - b.occurredAt)) {
    for (const [name, value] of Object.entries(named)) {
      if (value === null) traits.delete(name)
      else traits.set(name, value)
    }
  }
  return traits
}

/** The newest by event time; of two at one instant the one that came later. */
function newestOf<T extends { readonly occurredAt: number }>(events: readonly T[]): T | undefined {
  return events.toSorted((a, b) => a.occurredAt - b.occurredAt).at(-1)
}
