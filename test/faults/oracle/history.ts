import type { DecayedCount } from '../../../demo/books/decayed-counts.ts'
import type { ExpectedAnswer, ExpectedCustomer, ExpectedMoney } from '../../../demo/books/expected-customer.ts'
import { purchaseGaps } from '../../../demo/books/purchase-gaps.ts'
import { INTERACTION_TYPES } from '../../../schemas/customer-state.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import type { Settings } from './settings-book.ts'

const DAY_MS = 86_400_000
const TYPES: ReadonlySet<string> = new Set(INTERACTION_TYPES)
/** What is done to a customer, and his good-bye, are no act of one who stays. */
const PASSIVE = new Set(['contact_attempt', 'unsubscribe'])

/** An event that was scored, with the settings that its record names. */
export interface Scored {
  readonly input: InputEvent
  readonly settings: Settings
}

/**
 * What must be known of a customer after these events, in the order in which they were scored: every sum is added up
 * anew over all of them.
 */
export function factsOf(history: readonly Scored[]): ExpectedCustomer {
  const newestAt = history.reduce((newest, { input }) => Math.max(newest, input.event.occurredAt), 0)
  const counts = new Map<string, Mutable<DecayedCount>>()
  const money = new Map<string, Mutable<ExpectedMoney> & { firstAt: number }>()
  const answers: Record<'NPS' | 'CSAT' | 'CES', ExpectedAnswer | null> = { NPS: null, CSAT: null, CES: null }
  const traits = new Map<string, { readonly value: boolean | number | string | null; readonly at: number }>()
  const purchases: number[] = []
  /** Time of purchases → the most different items of one. */
  const itemsAt = new Map<number, number>()
  let firstSeenAt = Number.POSITIVE_INFINITY
  let lastActiveAt: number | null = null
  let lastInteractionAt: number | null = null
  let sessions = 0
  let refunds = 0
  let failedPayments = 0
  let subscription: ExpectedCustomer['subscription'] = 'none'
  let subscriptionAt = Number.NEGATIVE_INFINITY

  const count = (name: string, at: number): void => {
    const sums = counts.get(name) ?? { count: 0, halfLife1: 0, halfLife7: 0, halfLife30: 0 }
    const days = (newestAt - at) / DAY_MS
    sums.count++
    sums.halfLife1 += 2 ** -days
    sums.halfLife7 += 2 ** (-days / 7)
    sums.halfLife30 += 2 ** (-days / 30)
    counts.set(name, sums)
  }
  const active = (at: number): void => {
    lastActiveAt = Math.max(lastActiveAt ?? at, at)
  }
  const pay = (code: string, at: number, purchasedMinor: number, refundedMinor: number): void => {
    const currency = code.toUpperCase()
    const sums = money.get(currency) ?? { currency, purchasedMinor: 0, refundedMinor: 0, firstAt: at }
    sums.purchasedMinor += purchasedMinor
    sums.refundedMinor += refundedMinor
    sums.firstAt = Math.min(sums.firstAt, at)
    money.set(currency, sums)
  }

  for (const { input, settings } of history) {
    const at = input.event.occurredAt
    firstSeenAt = Math.min(firstSeenAt, at)
    if (input.topic === 'interactions') {
      const lower = input.event.type.toLowerCase()
      const type = TYPES.has(lower) ? lower : 'other'
      count(type, at)
      if (!PASSIVE.has(type)) active(at)
      // A session begins with the first interaction, and with one that is newer than all others by more than the gap.
      if (lastInteractionAt === null || at - lastInteractionAt > settings.sessionGapMs) sessions++
      lastInteractionAt = Math.max(lastInteractionAt ?? at, at)
    } else if (input.topic === 'transactions') {
      const { type, currency, amountMinor, lines } = input.event
      if (type === 'PURCHASE') {
        purchases.push(at)
        itemsAt.set(at, Math.max(itemsAt.get(at) ?? 0, new Set(lines.map(({ itemId }) => itemId)).size))
        active(at)
        pay(currency, at, amountMinor, 0)
      } else if (type === 'REFUND') {
        refunds++
        pay(currency, at, 0, amountMinor)
      } else if (type === 'PAYMENT_FAILED') {
        failedPayments++
        count('payment_failed', at)
      } else {
        if (type !== 'SUBSCRIPTION_CANCELLED') active(at)
        if (at >= subscriptionAt) {
          subscription = type === 'SUBSCRIPTION_CANCELLED' ? 'cancelled' : 'active'
          subscriptionAt = at
        }
      }
    } else if (input.topic === 'surveys') {
      const { kind, score } = input.event
      if (at >= (answers[kind]?.at ?? at)) answers[kind] = { score, at }
    } else if (input.topic === 'profiles') {
      for (const [name, value] of Object.entries(input.event.traits)) {
        if (at >= (traits.get(name)?.at ?? at)) traits.set(name, { value, at })
      }
    }
  }

  const currency = history.at(-1)?.settings.currency ?? null
  const inOrder = [...money.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1))
  const earliest = inOrder.toSorted((a, b) => a.firstAt - b.firstAt)[0] ?? null
  return {
    firstSeenAt,
    newestAt,
    lastActiveAt,
    lastInteractionAt,
    sessions,
    counts,
    purchases: purchases.length,
    refunds,
    failedPayments,
    firstPurchaseAt: purchases.length === 0 ? null : Math.min(...purchases),
    lastPurchaseAt: purchases.length === 0 ? null : Math.max(...purchases),
    lastPurchaseItems: itemsAt.get(Math.max(...purchases)) ?? 0,
    gaps: purchaseGaps(purchases),
    money: inOrder,
    reporting: currency === null ? earliest : (money.get(currency) ?? null),
    subscription,
    answers,
    traits: new Map([...traits].flatMap(([name, { value }]) => (value === null ? [] : [[name, value]]))),
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
