import { describe, expect, it } from 'vitest'
import { decayedCounts } from '../../demo/books/decayed-counts.ts'
import { expectedCustomer } from '../../demo/books/expected-customer.ts'
import { expectedFeatures, expectedProbability } from '../../demo/books/expected-scores.ts'
import { purchaseGaps } from '../../demo/books/purchase-gaps.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { DAY, interaction, MINUTE, NOON, profile, survey, transaction } from '../processors/build-event.ts'
import { anyLearned } from './any-learned.ts'

describe('decayedCounts', () => {
  it('halves each occurrence once every half-life', () => {
    const counts = decayedCounts(
      [
        { name: 'search', at: NOON - 7 * DAY },
        { name: 'search', at: NOON },
        { name: 'login', at: NOON - 30 * DAY },
      ],
      NOON,
    )
    expect(counts.get('search')).toMatchObject({ count: 2, halfLife1: 1 + 1 / 128, halfLife7: 1.5 })
    expect(counts.get('login')).toMatchObject({ count: 1, halfLife30: 0.5 })
  })
})

describe('purchaseGaps', () => {
  it('takes mean and sample variance of the days between purchases', () => {
    const days = [0, 1, 4, 9]
    expect(purchaseGaps(days.map((day) => NOON + day * DAY))).toEqual({ gaps: 3, meanDays: 3, varianceDays: 4 })
  })

  it('finds no gap at a purchase that comes late, and none before the second purchase', () => {
    expect(purchaseGaps([NOON, NOON + 2 * DAY, NOON + DAY])).toEqual({ gaps: 1, meanDays: 2, varianceDays: 0 })
    expect(purchaseGaps([NOON])).toEqual({ gaps: 0, meanDays: 0, varianceDays: 0 })
    expect(purchaseGaps([])).toEqual({ gaps: 0, meanDays: 0, varianceDays: 0 })
  })
})

const events: InputEvent[] = [
  { topic: 'interactions', event: interaction({ type: 'page_view', occurredAt: NOON - 2 * DAY }) },
  { topic: 'interactions', event: interaction({ type: 'SEARCH', occurredAt: NOON - 2 * DAY + 30 * MINUTE }) },
  { topic: 'interactions', event: interaction({ type: 'wink', occurredAt: NOON - 2 * DAY + 61 * MINUTE }) },
  { topic: 'transactions', event: transaction({ amountMinor: 1000, occurredAt: NOON - DAY }) },
  { topic: 'transactions', event: transaction({ type: 'REFUND', amountMinor: 400, occurredAt: NOON - DAY + MINUTE }) },
  { topic: 'transactions', event: transaction({ type: 'PAYMENT_FAILED', occurredAt: NOON - DAY + 2 * MINUTE }) },
  { topic: 'surveys', event: survey({ kind: 'NPS', score: 3, occurredAt: NOON - DAY }) },
  { topic: 'surveys', event: survey({ kind: 'NPS', score: 9, occurredAt: NOON - 2 * DAY }) },
  { topic: 'profiles', event: profile({ traits: { plan: 'pro', seats: 3 }, occurredAt: NOON - DAY }) },
  { topic: 'profiles', event: profile({ traits: { seats: null }, occurredAt: NOON - DAY + MINUTE }) },
  { topic: 'interactions', event: interaction({ type: 'unsubscribe', occurredAt: NOON }) },
]

describe('expectedCustomer', () => {
  it('is what the definitions say', () => {
    const known = expectedCustomer(events)
    expect(known).toMatchObject({
      firstSeenAt: NOON - 2 * DAY,
      newestAt: NOON,
      lastActiveAt: NOON - DAY,
      lastInteractionAt: NOON,
      sessions: 3,
      purchases: 1,
      refunds: 1,
      failedPayments: 1,
      lastPurchaseAt: NOON - DAY,
      gaps: { gaps: 0, meanDays: 0, varianceDays: 0 },
      money: [{ currency: 'GBP', purchasedMinor: 1000, refundedMinor: 400 }],
      subscription: 'none',
      answers: { NPS: { score: 3, at: NOON - DAY }, CSAT: null, CES: null },
    })
    expect([...known.counts.keys()]).toEqual(['page_view', 'search', 'other', 'unsubscribe', 'payment_failed'])
    expect([...known.traits]).toEqual([['plan', 'pro']])
  })

  it('knows of a subscription what came last', () => {
    const moves = (['SUBSCRIPTION_STARTED', 'SUBSCRIPTION_CANCELLED'] as const).map((type, i): InputEvent => {
      return { topic: 'transactions', event: transaction({ type, occurredAt: NOON + i }) }
    })
    expect(expectedCustomer(moves)).toMatchObject({ subscription: 'cancelled', lastActiveAt: NOON })
    expect(expectedCustomer(moves.slice(0, 1)).subscription).toBe('active')
  })
})

describe('expectedFeatures', () => {
  it('follows the published definitions', () => {
    const features = expectedFeatures(expectedCustomer(events), NOON)
    expect(features['sessions']).toBeCloseTo(Math.log(4), 12)
    expect(features['spend']).toBeCloseTo(Math.log(7), 12)
    expect(features['days_inactive']).toBeCloseTo(Math.log(2), 12)
    expect(features['tenure']).toBeCloseTo(Math.log(3), 12)
    expect(features).toMatchObject({ refund_ratio: 0.4, nps: -1.8, nps_known: 1, csat_known: 0, unsubscribed: 1 })
  })

  it('decays interest with the time that passes in silence, not what went wrong', () => {
    const known = expectedCustomer(events)
    const now = expectedFeatures(known, NOON)
    const later = expectedFeatures(known, NOON + 30 * DAY)
    expect(Math.expm1(later['engagement_30d']!)).toBeCloseTo(Math.expm1(now['engagement_30d']!) / 2, 9)
    expect(later['failed_payments']).toBe(now['failed_payments'])
    expect(later['days_since_purchase']).toBeCloseTo(Math.log(32), 12)
  })
})

describe('expectedProbability', () => {
  const model = {
    name: 'test',
    kind: 'lead',
    version: 'test-1',
    intercept: -1,
    inputs: [{ feature: 'a', basis: { kind: 'linear', missing: false }, means: [1], scales: [2], coefficients: [3] }],
  } as const

  it('is the sigmoid of intercept and points', () => {
    expect(expectedProbability(model, { a: 5 })).toBeCloseTo(1 / (1 + Math.exp(-5)), 15)
  })

  it('takes ramps, levels and what is missing as the published schema says', () => {
    const learned = anyLearned('lead-2')
    // sessions: (1 − .6) / .4 × .7 + (.5 / 1.5 − .3) / .5 × −.2, and so on, by hand.
    const sessions = 0.7 - (0.2 * (1 / 3 - 0.3)) / 0.5
    const stall = (0.4 * -0.3) / 0.5 - (0.8 * 0.7) / 0.5 + (0.3 * -0.3) / 0.5 + (0.1 * -0.1) / 0.3
    const noShop = (0.4 * -0.3) / 0.5 + (0.8 * 0.3) / 0.5 + (0.3 * -0.3) / 0.5 + (0.1 * 0.9) / 0.3
    const twelve = (0.5 * 0.5) / 0.4 + (0.2 * (7 / 15 - 0.2)) / 0.3 + (0.1 * 0.2) / 0.4
    const noStaff = (0.5 * -0.5) / 0.4 + (0.2 * -0.2) / 0.3 - (0.1 * 0.8) / 0.4
    const p = (x: number) => 1 / (1 + Math.exp(-(0.9 * (x - 0.3) + 0.05)))
    const traits = new Map<string, string | number>([
      ['shop', 'market stall'],
      ['staff', 12],
    ])
    expect(expectedProbability(learned, { sessions: 1.5 }, traits)).toBeCloseTo(p(sessions + stall + twelve), 12)
    expect(expectedProbability(learned, { sessions: 1.5 })).toBeCloseTo(p(sessions + noShop + noStaff), 12)
  })

  it('refuses a feature that it has no definition of', () => {
    expect(() => expectedProbability(model, {})).toThrow("the books don't know the feature a of test-1")
  })
})
