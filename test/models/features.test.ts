import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { computeFeatures } from '../../models/compute-features.ts'
import { DAY_MS } from '../../models/counters.ts'
import { INTENT_WEIGHTS } from '../../models/engagement.ts'
import { FEATURE_COUNT, FEATURES } from '../../models/features.ts'
import { compileModel } from '../../models/linear-model.ts'
import { majorUnits } from '../../models/major-units.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { scoreModel } from '../../models/score.ts'
import type { CustomerState } from '../../schemas/customer-state.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { createDriver } from '../driver.ts'
import { anyHistory } from '../processors/any-history.ts'
import { DAY, HOUR, interaction, NOON, profile, survey, transaction } from '../processors/build-event.ts'

function stateAfter(...events: readonly InputEvent[]): CustomerState {
  const driver = createDriver({ now: NOON + 10_000 * DAY })
  for (const { topic, event } of events) driver.pipe(topic, event)
  return driver.state('shop', 'ada')!
}

function featuresOf(state: CustomerState, asOf = state.newestAt): Record<string, number> {
  const out = new Float64Array(FEATURE_COUNT).fill(Number.NaN)
  computeFeatures(state, asOf, out)
  return Object.fromEntries(FEATURES.map(({ name }, i) => [name, out[i]!]))
}

const bought = (days: number, fields = {}): InputEvent => ({
  topic: 'transactions',
  event: transaction({ occurredAt: NOON + days * DAY, ...fields }),
})
const did = (type: string, days = 0): InputEvent => ({
  topic: 'interactions',
  event: interaction({ type, occurredAt: NOON + days * DAY }),
})

describe('computeFeatures', () => {
  it('gives every feature a documented name of its own', () => {
    expect(new Set(FEATURES.map(({ name }) => name)).size).toBe(FEATURE_COUNT)
    expect(FEATURES.every(({ doc, unit }) => doc !== '' && unit !== '')).toBe(true)
  })

  it('is 0 everywhere for a customer of whom only a profile is known', () => {
    expect(Object.values(featuresOf(stateAfter({ topic: 'profiles', event: profile() })))).toEqual(
      FEATURES.map(() => 0),
    )
  })

  it('weighs engagement by intent and lets it fade with each half-life', () => {
    const state = stateAfter(did('page_view', -7), did('demo_request'))
    const { page_view, demo_request } = INTENT_WEIGHTS
    const features = featuresOf(state, NOON + 7 * DAY)
    expect(features['engagement_7d']).toBeCloseTo(Math.log1p(page_view / 4 + demo_request / 2), 12)
    expect(features['engagement_1d']).toBeCloseTo(Math.log1p(page_view * 2 ** -14 + demo_request * 2 ** -7), 12)
    expect(features['engagement_30d']).toBeCloseTo(
      Math.log1p(page_view * 2 ** (-14 / 30) + demo_request * 2 ** (-7 / 30)),
      12,
    )
    expect(features['demo_requests']).toBeCloseTo(Math.log1p(2 ** (-7 / 30)), 12)
  })

  it('takes an asOf before the newest event for the newest event', () => {
    const state = stateAfter(did('page_view'), did('search', 3))
    expect(featuresOf(state, NOON)).toEqual(featuresOf(state))
  })

  it('lets recency grow as of now', () => {
    const state = stateAfter(bought(0), did('contact_attempt', 2))
    const features = featuresOf(state, NOON + 9 * DAY)
    expect(features['days_inactive']).toBeCloseTo(Math.log(10), 12)
    expect(features['days_since_purchase']).toBeCloseTo(Math.log(10), 12)
    expect(features['tenure']).toBeCloseTo(Math.log(3), 12)
  })

  it('knows the rhythm of purchases', () => {
    const clockwork = stateAfter(bought(0), bought(10), bought(20), bought(30))
    expect(featuresOf(clockwork)).toMatchObject({ purchase_regularity: 1, purchases: Math.log(5) })
    expect(featuresOf(clockwork)['purchase_overdue']).toBeLessThan(0)
    expect(featuresOf(clockwork, NOON + 40 * DAY)['purchase_overdue']).toBeCloseTo(0, 12)
    expect(featuresOf(clockwork, NOON + 70 * DAY)['purchase_overdue']).toBeCloseTo((2 * 3) / 4, 12)
    expect(featuresOf(clockwork, NOON + 9000 * DAY)['purchase_overdue']).toBeCloseTo((3 * 3) / 4, 12)
    const uneven = featuresOf(stateAfter(bought(0), bought(1), bought(20)))
    // gaps 1 and 19: mean 10, sample deviation √162
    expect(uneven['purchase_regularity']).toBeCloseTo(1 / (1 + Math.sqrt(162) / 10), 12)
  })

  it('measures spend in major units, less refunds, in the reporting currency only', () => {
    const state = stateAfter(
      bought(0, { currency: 'JPY', amountMinor: 5000 }),
      bought(1, { currency: 'EUR', amountMinor: 700 }),
      bought(2, { type: 'REFUND', currency: 'JPY', amountMinor: 1000 }),
    )
    expect(featuresOf(state)['spend']).toBeCloseTo(Math.log(4001), 12)
    expect(featuresOf(state)['refund_ratio']).toBeCloseTo(0.2, 12)
    expect([majorUnits(1250, 'GBP'), majorUnits(1250, 'JPY'), majorUnits(1250, 'KWD')]).toEqual([12.5, 1250, 1.25])
  })

  it('measures purchases and spend by the time since the first purchase, not by that since the first event', () => {
    const state = stateAfter(did('page_view', -50), bought(0, { amountMinor: 300 }), bought(30, { amountMinor: 700 }))
    expect(featuresOf(state)['purchase_rate']).toBeCloseTo(Math.log1p((90 * 1.5) / 120), 12)
    expect(featuresOf(state)['spend_rate']).toBeCloseTo(Math.log1p((90 * 10) / 120), 12)
  })

  it('counts the different items of the newest purchase, the most of several at one time, in whatever order they come', () => {
    const lines = (count: number) =>
      Array.from({ length: 2 * count }, (_, i) => ({
        itemId: `i${i % count}`,
        category: null,
        quantity: 1,
        unitPriceMinor: 1,
      }))
    const orders = [bought(0, { lines: lines(9) }), bought(5, { lines: lines(2) }), bought(5, { lines: lines(4) })]
    for (const each of [orders, orders.toReversed()]) {
      expect(featuresOf(stateAfter(...each))['order_items']).toBeCloseTo(Math.log(5), 12)
    }
    const returned = bought(6, { type: 'REFUND', lines: lines(1) })
    expect(featuresOf(stateAfter(...orders, returned))['order_items']).toBeCloseTo(Math.log(5), 12)
  })

  it('centres answers, and says whether there are any', () => {
    const answered = stateAfter(
      { topic: 'surveys', event: survey({ score: 0 }) },
      { topic: 'surveys', event: survey({ kind: 'CSAT', score: 5 }) },
    )
    expect(featuresOf(answered)).toMatchObject({ nps: -3, nps_known: 1, csat: 1, csat_known: 1 })
  })

  it('knows the state of a subscription', () => {
    const cancelled = stateAfter(
      bought(0, { type: 'SUBSCRIPTION_STARTED' }),
      bought(3, { type: 'SUBSCRIPTION_CANCELLED' }),
    )
    expect(featuresOf(cancelled)).toMatchObject({ subscription_active: 0, subscription_cancelled: 1 })
    const back = stateAfter(bought(4, { type: 'SUBSCRIPTION_RENEWED' }), bought(3, { type: 'SUBSCRIPTION_CANCELLED' }))
    expect(featuresOf(back)).toMatchObject({ subscription_active: 1, subscription_cancelled: 0 })
  })
})

describe('churn risk', () => {
  it('never falls while nothing happens, whatever happened before', () => {
    const churn = compileModel(CHURN_PRIOR)
    const out = new Float64Array(FEATURE_COUNT)
    fc.assert(
      fc.property(
        anyHistory,
        fc.array(fc.nat({ max: 400 * 24 }), { minLength: 2, maxLength: 20 }),
        (history, hours) => {
          const state = stateAfter(...history)
          const risks = hours
            .sort((a, b) => a - b)
            .map((later) => {
              computeFeatures(state, state.newestAt + later * HOUR, out)
              return scoreModel(churn, out)
            })
          for (let i = 1; i < risks.length; i++) expect(risks[i]! - risks[i - 1]!).toBeGreaterThanOrEqual(-1e-12)
        },
      ),
    )
  })

  it('passes from one band to another in the end', () => {
    const state = stateAfter(bought(0), bought(10), bought(20))
    const churn = compileModel(CHURN_PRIOR)
    const riskAt = (days: number): number => {
      const out = new Float64Array(FEATURE_COUNT)
      computeFeatures(state, state.newestAt + days * DAY_MS, out)
      return scoreModel(churn, out)
    }
    expect(riskAt(0)).toBeLessThan(0.25)
    expect(riskAt(30)).toBeGreaterThan(0.25)
    expect(riskAt(120)).toBeGreaterThan(0.6)
  })
})
