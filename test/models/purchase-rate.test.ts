import { describe, expect, it } from 'vitest'
import { per90Days, purchaseRateOf } from '../../models/purchase-rate.ts'
import { type CustomerState, NEVER } from '../../schemas/customer-state.ts'
import { newCustomerState } from '../../schemas/new-state.ts'
import { DAY, NOON } from '../processors/build-event.ts'

const buyer = (purchases: number, days: number, fields: Partial<CustomerState> = {}): CustomerState => ({
  ...newCustomerState(),
  purchases,
  firstSeenAt: NOON - 400 * DAY,
  firstPurchaseAt: NOON,
  newestAt: NOON + days * DAY,
  ...fields,
})

describe('purchaseRateOf', () => {
  it('is the mean of a Gamma after what was bought since the first purchase', () => {
    expect(purchaseRateOf(buyer(4, 30))).toBeCloseTo((90 * (0.5 + 3)) / (90 + 30), 12)
  })

  it('is the same for who buys as often, for however long he is watched, but for the prior', () => {
    const [quarter, years] = [purchaseRateOf(buyer(7, 90)), purchaseRateOf(buyer(61, 900))]
    expect(Math.abs(quarter - 6)).toBeLessThan(3)
    expect(Math.abs(years - 6)).toBeLessThan(0.6)
  })

  it('is 0 before the first purchase, half a purchase after it, and less the longer no second comes', () => {
    expect([purchaseRateOf(newCustomerState()), purchaseRateOf(buyer(1, 0))]).toEqual([0, 0.5])
    expect(purchaseRateOf(buyer(1, 270))).toBeCloseTo(0.125, 12)
  })

  it('counts from the first event in states that don’t know the first purchase', () => {
    expect(purchaseRateOf(buyer(4, 30, { firstPurchaseAt: NEVER, firstSeenAt: NOON }))).toBe(
      purchaseRateOf(buyer(4, 30)),
    )
  })
})

describe('per90Days', () => {
  it('is an amount over the days of a buyer and 90 more, times 90', () => {
    expect(per90Days(200, buyer(2, 60))).toBeCloseTo(120, 12)
    expect(per90Days(200, newCustomerState())).toBeCloseTo(200, 12)
  })
})
