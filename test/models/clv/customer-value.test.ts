import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { readInvoices } from '../../../demo/books/read-invoices.ts'
import { expectedPurchases, probabilityAlive } from '../../../models/clv/bg-nbd.ts'
import { customerValueOf, purchaseHistoryOf } from '../../../models/clv/customer-value.ts'
import { fitClv } from '../../../models/clv/fit-clv.ts'
import { expectedOrderValue } from '../../../models/clv/gamma-gamma.ts'
import { parseClvModel } from '../../../schemas/clv-model.ts'
import { type CustomerState, NEVER } from '../../../schemas/customer-state.ts'
import { DEFAULT_SETTINGS } from '../../../schemas/settings.ts'
import { createDriver } from '../../driver.ts'
import { anyHistory } from '../../processors/any-history.ts'
import { DAY, interaction, NOON, transaction } from '../../processors/build-event.ts'
import { clvModel } from './build-clv-model.ts'

const { clv } = DEFAULT_SETTINGS

function stateAfter(...events: Parameters<typeof transaction>[0][]): CustomerState {
  const driver = createDriver({ now: NOON + 400 * DAY })
  for (const fields of events) driver.pipe('transactions', transaction(fields))
  return driver.state('shop', 'ada')!
}

describe('the value of a customer', () => {
  it('is that of the formulas for his days of purchases', () => {
    const state = stateAfter(
      { occurredAt: NOON, amountMinor: 1_000 },
      { occurredAt: NOON + 3_600_000, amountMinor: 2_000 },
      { occurredAt: NOON + 10 * DAY, amountMinor: 4_000 },
      { occurredAt: NOON + 11 * DAY, amountMinor: 1_000, type: 'REFUND' },
      { occurredAt: NOON + 30 * DAY, amountMinor: 3_000 },
    )
    const asOf = NOON + 40 * DAY
    const history = { repeats: 2, recency: 30, age: 40.5 }
    expect(purchaseHistoryOf(state, asOf)).toEqual(history)
    const model = clvModel()
    const purchases = expectedPurchases(model.purchases, history, 365)
    const order = expectedOrderValue(model.values!, { orders: 3, mean: 3_000 })
    expect(customerValueOf(model, state, asOf, clv)).toEqual({
      modelVersion: 'clv-7',
      horizonDays: 365,
      probabilityAlive: probabilityAlive(model.purchases, history),
      expectedPurchases: purchases,
      nextPurchaseMedianAt: expect.any(Number),
      nextPurchaseMeanAt: Math.round(asOf + ((30.9 + 40.5) / 1.243) * DAY),
      expectedOrderMinor: Math.round(order),
      clvMinor: Math.round(order * purchases),
      currency: 'GBP',
    })
  })

  it('says nothing of being alive after one day, however long ago, and of those who never bought', () => {
    const once = stateAfter({ occurredAt: NOON })
    const later = customerValueOf(clvModel(), once, NOON + 300 * DAY, clv)!
    expect(later).toMatchObject({ probabilityAlive: null, nextPurchaseMeanAt: null })
    expect(later.nextPurchaseMedianAt).toBeGreaterThan(NOON + 300 * DAY)
    const driver = createDriver({ now: NOON })
    driver.pipe('interactions', interaction())
    expect(customerValueOf(clvModel(), driver.state('shop', 'ada')!, NOON, clv)).toBeNull()
  })

  it('has purchases but no worth in a currency that the model does not know', () => {
    const state = stateAfter({ occurredAt: NOON, currency: 'EUR' })
    const unknown = { expectedOrderMinor: null, clvMinor: null, currency: null, expectedPurchases: expect.any(Number) }
    expect(customerValueOf(clvModel(), state, NOON, clv)).toMatchObject(unknown)
    expect(customerValueOf(clvModel({ values: null }), state, NOON, clv)).toMatchObject(unknown)
  })

  it('is worth less with a discount and more over a longer time', () => {
    const state = stateAfter({ occurredAt: NOON }, { occurredAt: NOON + 20 * DAY })
    const worth = (horizonDays: number, discountRate: number): number =>
      customerValueOf(clvModel(), state, NOON + 25 * DAY, { horizonDays, discountRate })!.clvMinor!
    expect(worth(365, 0.1)).toBeLessThan(worth(365, 0))
    expect(worth(365, 0.1)).toBeGreaterThan(worth(365, 0) / 1.1)
    expect(worth(730, 0.1)).toBeGreaterThan(worth(365, 0.1))
  })

  it('counts days as the events themselves have them: exactly in order, and never past what late ones allow', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const run = (events: typeof history): CustomerState => {
          const driver = createDriver({ now: NOON + 400 * DAY })
          for (const { topic, event } of events) driver.pipe(topic, event as never) // the pair came from one event
          return driver.state('shop', 'ada')!
        }
        const days = history.flatMap(({ event }) =>
          'type' in event && event.type === 'PURCHASE' ? [Math.floor(event.occurredAt / DAY)] : [],
        )
        const first = days.length === 0 ? NEVER : Math.min(...days)
        const inOrder = run(history.toSorted((a, b) => a.event.occurredAt - b.event.occurredAt))
        expect(inOrder.purchaseDays).toBe(new Set(days).size)
        const shuffled = run(history)
        expect(Math.floor(shuffled.firstPurchaseAt / DAY)).toBe(first)
        expect(shuffled.firstPurchaseAt).toBe(inOrder.firstPurchaseAt)
        expect(shuffled.purchaseDays).toBeGreaterThanOrEqual(inOrder.purchaseDays)
        expect(shuffled.purchaseDays).toBeLessThanOrEqual(days.length)
      }),
    )
  })
})

describe('fitting Online Retail', () => {
  const asOf = Date.UTC(2011, 11, 9, 18)
  const states: CustomerState[] = []
  const daysOf = new Map<string, Set<number>>()
  beforeAll(async () => {
    const driver = createDriver({ now: asOf })
    const path = fileURLToPath(new URL('../../../demo/data/online_retail.csv.gz', import.meta.url))
    for (const event of await readInvoices(path)) {
      driver.pipe('transactions', event)
      if (event.type !== 'PURCHASE') continue
      const days = daysOf.get(event.customerId) ?? new Set()
      daysOf.set(event.customerId, days.add(Math.floor(event.occurredAt / DAY)))
    }
    for (const customerId of daysOf.keys()) states.push(driver.state('default', customerId)!)
  }, 60_000)

  it('starts from the histories that its invoices have', () => {
    const wanted = [...daysOf.values()].map((days) => ({
      repeats: days.size - 1,
      recency: Math.max(...days) - Math.min(...days),
      age: asOf / DAY - Math.min(...days),
    }))
    expect(states.map((state) => purchaseHistoryOf(state, asOf))).toEqual(wanted)
  })

  it('sees that dropping out can not be told from these data, says so and falls back', () => {
    const model = fitClv(states, { version: 'clv-1', asOf })!
    expect(model.fit).toMatchObject({
      customers: 4_339,
      fallback: expect.stringContaining('nobody is seen to drop out'),
    })
    expect(model.fit.gainOfBeta).toBeLessThan(1.92)
    expect(model.purchases.dropout).toEqual({ kind: 'common', p: 0 })
    // lifetimes 0.11.3 on the same invoices stops at r .826, alpha 68.9, a .0034, b 6.75: dropout of 0.05 % a purchase.
    expect(model.purchases.r).toBeCloseTo(0.826, 1)
    expect(model.purchases.alpha / 68.9).toBeCloseTo(1, 1)
    expect(model.values).toMatchObject({ currency: 'GBP' })
    expect(parseClvModel(JSON.parse(JSON.stringify(model)))).toEqual(model)
    for (const state of states) {
      const value = customerValueOf(model, state, asOf, clv)!
      expect(Number.isFinite(value.clvMinor) && value.clvMinor! >= 0).toBe(true)
    }
  })

  it('gives no model from too few who came again', () => {
    expect(fitClv(states.slice(0, 90), { version: 'clv-1', asOf })).toBeNull()
  })
})
