import { describe, expect, it } from 'vitest'
import { DEFAULT_SETTINGS, parseSettings } from '../../schemas/settings.ts'
import { createDriver, type Driver } from '../driver.ts'
import { DAY, interaction, NOON, transaction } from './build-event.ts'
import { evenly, thresholds } from './build-thresholds.ts'

const newest = (driver: Driver) => driver.read('customers').at(-1)!
const moves = (driver: Driver) =>
  driver
    .read('score-changes')
    .filter(({ kind }) => kind === 'segment' || kind === 'tier')
    .map(({ kind, from, to, fromValue, toValue, modelVersion }) => ({
      kind,
      from,
      to,
      fromValue,
      toValue,
      modelVersion,
    }))

describe('a customer in his population', () => {
  it('has no class while the population is not known, or before his first purchase', () => {
    const driver = createDriver({ now: NOON })
    driver.pipe('transactions', transaction())
    expect(newest(driver)).toMatchObject({ thresholdsVersion: 0, loyalty: null, rfm: { r: null, segment: null } })
    driver.useThresholds(thresholds({ version: 4 }))
    driver.pipe('interactions', interaction({ customerId: 'bob' }))
    expect(newest(driver)).toMatchObject({ thresholdsVersion: 4, loyalty: null, rfm: { r: null, segment: null } })
    expect(moves(driver)).toEqual([])
  })

  it('gets scores, segment and tier from thresholds at his next event, with two changes from null', () => {
    const driver = createDriver({ now: NOON })
    driver.pipe('transactions', transaction({ amountMinor: 50_000 }))
    driver.read('score-changes')
    driver.useThresholds(thresholds({ version: 4 }))
    driver.pipe('interactions', interaction())
    const { rfm, loyalty } = newest(driver)
    // Bought today, once, for half of the most: ranks 1, 0 and 0.5, weighted .20, .30 and .25.
    expect(rfm).toMatchObject({ r: 5, f: 1, m: 3, segment: 'Potential' })
    expect(loyalty).toEqual({ score: expect.closeTo((0.2 * 1 + 0.3 * 0 + 0.25 * 0.5) / 0.75, 9), tier: 'Bronze' })
    expect(moves(driver)).toEqual([
      { kind: 'segment', from: null, to: 'Potential', fromValue: null, toValue: 9, modelVersion: 'thresholds-4' },
      {
        kind: 'tier',
        from: null,
        to: 'Bronze',
        fromValue: null,
        toValue: loyalty!.score,
        modelVersion: 'thresholds-4',
      },
    ])
  })

  it('moves up as he buys, and says why', () => {
    const driver = createDriver({ now: NOON, thresholds: thresholds() })
    for (let i = 0; i < 8; i++) {
      driver.pipe('transactions', transaction({ occurredAt: NOON + i, amountMinor: 12_000 }))
    }
    expect(newest(driver)).toMatchObject({
      rfm: { r: 5, f: 4, m: 5, segment: 'Champion' },
      loyalty: { tier: 'Gold', score: expect.closeTo((0.2 + 0.3 * 0.7 + 0.25 * 0.96) / 0.75, 9) },
    })
    const changes = driver.read('score-changes')
    expect(changes.filter(({ kind }) => kind === 'segment').map(({ to }) => to)).toEqual([
      'Promising',
      'Potential',
      'Loyal',
      'Champion',
    ])
    const toGold = changes.find(({ kind, to }) => kind === 'tier' && to === 'Gold')!
    expect(toGold.reasons.map(({ feature }) => feature)).toEqual(['recency_rank', 'frequency_rank', 'monetary_rank'])
    expect(toGold.reasons.reduce((sum, { contribution }) => sum + contribution, 0)).toBeCloseTo(toGold.toValue, 9)
  })

  it('falls when others overtake him, but keeps a tier within its margin', () => {
    const driver = createDriver({ now: NOON, thresholds: thresholds() })
    driver.pipe('transactions', transaction({ amountMinor: 50_000 }))
    expect(newest(driver)).toMatchObject({ rfm: { m: 3 }, loyalty: { tier: 'Bronze' } })
    driver.read('score-changes')
    // Loyalty 0.2 / 0.75 + 0.25 / 0.75 × 50 / most: .29 keeps Bronze, whose edge is .3 and margin .02; .27 doesn't.
    const among = (most: number) => thresholds({ monetary: { GBP: evenly(0, most * 1_000) } })
    driver.useThresholds(among(50 / 0.07))
    driver.pipe('interactions', interaction({ occurredAt: NOON + 1 }))
    expect(newest(driver)).toMatchObject({ loyalty: { score: expect.closeTo(0.29, 9), tier: 'Bronze' }, rfm: { m: 1 } })
    driver.useThresholds(among(50 / 0.01))
    driver.pipe('interactions', interaction({ occurredAt: NOON + 2 }))
    expect(newest(driver).loyalty).toMatchObject({ score: expect.closeTo(0.27, 9), tier: 'At-Risk' })
    expect(moves(driver).filter(({ kind }) => kind === 'tier')).toMatchObject([{ from: 'Bronze', to: 'At-Risk' }])
  })

  it('is ranked among those who pay in his currency, and among nobody without them', () => {
    const euros = thresholds({ monetary: { GBP: evenly(0, 100_000), EUR: evenly(0, 1_000) } })
    const driver = createDriver({ now: NOON, thresholds: euros })
    driver.pipe('transactions', transaction({ amountMinor: 2_500 }))
    expect(newest(driver).rfm).toMatchObject({ m: 1 })
    driver.pipe('transactions', transaction({ customerId: 'eve', currency: 'EUR', amountMinor: 2_500 }))
    expect(newest(driver).rfm).toMatchObject({ m: 5 })
    driver.pipe('transactions', transaction({ customerId: 'yuki', currency: 'JPY', amountMinor: 2_500 }))
    expect(newest(driver)).toMatchObject({ rfm: { r: null, f: null, m: null, segment: null }, loyalty: null })
  })

  it('is ranked by purchases less refunds, and by the weights of the settings', () => {
    const settings = parseSettings({ population: { loyaltyWeights: { recency: 0, frequency: 0, monetary: 1 } } })
    const driver = createDriver({ now: NOON, thresholds: thresholds(), settings })
    driver.pipe('transactions', transaction({ amountMinor: 90_000 }))
    expect(newest(driver).loyalty).toEqual({ score: expect.closeTo(0.9, 9), tier: 'Platinum' })
    driver.pipe('transactions', transaction({ type: 'REFUND', amountMinor: 80_000, occurredAt: NOON + 1 }))
    expect(newest(driver).loyalty).toEqual({ score: expect.closeTo(0.1, 9), tier: 'At-Risk' })
  })

  it('keeps its recency score as time passes while nobody buys', () => {
    const driver = createDriver({ now: NOON, thresholds: thresholds(), settings: DEFAULT_SETTINGS })
    driver.pipe('transactions', transaction())
    driver.advance(40 * DAY)
    driver.pipe('interactions', interaction({ occurredAt: NOON + 40 * DAY }))
    expect(newest(driver).rfm).toMatchObject({ recencyDays: 40, r: 5 })
  })
})
