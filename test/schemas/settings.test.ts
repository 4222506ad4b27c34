import { describe, expect, it } from 'vitest'
import { DEFAULT_SETTINGS, parseSettings } from '../../schemas/settings.ts'

describe('parseSettings', () => {
  it('fills in what is left out', () => {
    expect(parseSettings({ version: 3, currency: 'GBP', margins: { churn: 0.1 } })).toEqual({
      ...DEFAULT_SETTINGS,
      version: 3,
      currency: 'GBP',
      margins: { lead: 0.02, churn: 0.1, tier: 0.02 },
    })
  })

  it('calls the built-in defaults version 0 and takes them back', () => {
    expect(DEFAULT_SETTINGS.version).toBe(0)
    expect(parseSettings(JSON.parse(JSON.stringify(DEFAULT_SETTINGS)))).toEqual(DEFAULT_SETTINGS)
  })

  it('freezes the settings and leaves its input alone', () => {
    const input = { limits: {} }
    const settings = parseSettings(input)
    expect(Object.isFrozen(settings.thresholds.lead)).toBe(true)
    expect(input).toEqual({ limits: {} })
  })

  it.each<[string, unknown]>([
    ['', null],
    ['', [1]],
    ['colour', { colour: 'red' }],
    ['limits.cats', { limits: { cats: 9 } }],
    ['version', { version: -1 }],
    ['currency', { currency: 'gbp' }],
    ['clock', { clock: 'sun' }],
    ['reasons', { reasons: 2.5 }],
    ['margins.lead', { margins: { lead: 0.9 } }],
    ['margins', { margins: 3 }],
    ['minIntervalMs.churn', { minIntervalMs: { churn: '1 h' } }],
    ['thresholds.lead', { thresholds: { lead: [0.25, 0.4, 0.4, 0.75] } }],
    ['thresholds.churn.1', { thresholds: { churn: [0.5] } }],
    ['thresholds.churn.1', { thresholds: { churn: [0.5, 1] } }],
    ['thresholds.tier', { thresholds: { tier: [0.3, 0.5, 0.7, 0.7] } }],
    ['population.bins', { population: { bins: 11 } }],
    ['population.loyaltyWeights', { population: { loyaltyWeights: { recency: 0, frequency: 0, monetary: 0 } } }],
    ['clv.horizonDays', { clv: { horizonDays: 0 } }],
    ['sessionGapMs', { sessionGapMs: 0 }],
    ['minOccurredAt', { minOccurredAt: -1 }],
    ['windows.graceMs', { windows: { graceMs: -1 } }],
    ['nps.groupBy', { nps: { groupBy: ['plan', 'plan'] } }],
    ['nps.replaceAnswersOf.exit', { nps: { replaceAnswersOf: { exit: 'no' } } }],
    ['nps.hopping.0.hopMs', { nps: { hopping: [{ sizeMs: 5000, hopMs: 6000 }] } }],
    ['nps.hopping.0.hopMs', { nps: { hopping: [{ sizeMs: 65_000, hopMs: 1000 }] } }],
    [
      'nps.bands',
      {
        nps: {
          bands: [
            { from: 0, name: 'fair' },
            { from: 0, name: 'poor' },
          ],
        },
      },
    ],
    ['nps.bands', { nps: { bands: [{ from: 0, name: 'fair' }] } }],
    ['crossSell.hopping.0', { crossSell: { hopping: [{ hopMs: 1000 }] } }],
  ])('refuses %s and names it', (field, json) => {
    expect(() => parseSettings(json)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { field } }))
  })
})
