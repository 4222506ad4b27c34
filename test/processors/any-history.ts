import fc from 'fast-check'
import type { InputEvent } from '../../schemas/events.ts'
import { DAY, interaction, NOON, outcome, profile, survey, transaction } from './build-event.ts'

/** Distinct: of two answers at one instant the later to come counts, so only distinct times promise independence of order. */
const times = fc.uniqueArray(fc.integer({ min: 0, max: 365 * DAY }), { minLength: 1, maxLength: 40 })

const TYPES = ['page_view', 'ADD_TO_CART', 'demo_request', 'Support', 'unsubscribe', 'contact_attempt', 'yodel']
const MOVES = ['PURCHASE', 'REFUND', 'PAYMENT_FAILED', 'SUBSCRIPTION_STARTED', 'SUBSCRIPTION_CANCELLED'] as const

const makers: fc.Arbitrary<(occurredAt: number) => InputEvent> = fc.oneof(
  fc.constantFrom(...TYPES).map(
    (type) =>
      (occurredAt: number): InputEvent => ({
        topic: 'interactions',
        event: interaction({ type, occurredAt }),
      }),
  ),
  fc.tuple(fc.constantFrom(...MOVES), fc.constantFrom('GBP', 'EUR', 'JPY'), fc.nat({ max: 100_000 })).map(
    ([type, currency, amountMinor]) =>
      (occurredAt: number): InputEvent => ({
        topic: 'transactions',
        event: transaction({ type, currency, amountMinor, occurredAt }),
      }),
  ),
  fc.tuple(fc.constantFrom('NPS', 'CSAT', 'CES'), fc.integer({ min: 1, max: 5 })).map(
    ([kind, score]) =>
      (occurredAt: number): InputEvent => ({
        topic: 'surveys',
        event: survey({ kind, score, occurredAt }),
      }),
  ),
  fc.dictionary(fc.constantFrom('plan', 'city', 'seats'), fc.option(fc.oneof(fc.string(), fc.boolean(), fc.nat()))).map(
    (traits) =>
      (occurredAt: number): InputEvent => ({ topic: 'profiles', event: profile({ traits, occurredAt }) }),
  ),
  fc.constantFrom('CONVERTED', 'LOST', 'CHURNED', 'RETAINED').map(
    (kind) =>
      (occurredAt: number): InputEvent => ({
        topic: 'outcomes',
        event: outcome({ kind, occurredAt }),
      }),
  ),
)

/** Events of one customer over a year, in any order, each at a time of its own. */
export const anyHistory: fc.Arbitrary<InputEvent[]> = times.chain((offsets) =>
  fc
    .array(makers, { minLength: offsets.length, maxLength: offsets.length })
    .map((make) => offsets.map((offset, i) => make[i]!(NOON + offset))),
)
