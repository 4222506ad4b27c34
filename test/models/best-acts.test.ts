import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ACTS, bestActs } from '../../models/best-acts.ts'
import { compileModel } from '../../models/linear-model.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import { DEFAULT_SETTINGS } from '../../schemas/settings.ts'
import { createDriver } from '../driver.ts'
import { anyHistory } from '../processors/any-history.ts'
import { DAY, interaction, NOON } from '../processors/build-event.ts'

const lead = compileModel(LEAD_PRIOR)
const churn = compileModel(CHURN_PRIOR)
const { sessionGapMs } = DEFAULT_SETTINGS

describe('bestActs', () => {
  it('gives the probability that the pipeline gives when the act then happens', () => {
    fc.assert(
      fc.property(anyHistory, fc.constantFrom(...ACTS), fc.nat({ max: 60 }), (history, type, days) => {
        const driver = createDriver({ now: NOON + 1000 * DAY })
        for (const { topic, event } of history) driver.pipe(topic, event)
        const state = driver.state('shop', 'ada')
        fc.pre(state !== undefined)
        const asOf = state!.newestAt + days * DAY
        const expected = [lead, churn].map((model) => bestActs(model, state!, { asOf, sessionGapMs, acts: [type] })[0])
        driver.read('customers')
        driver.pipe('interactions', interaction({ type, occurredAt: asOf }))
        const scored = driver.read('customers').at(-1) // a timer that was due comes first
        if (expected[0] !== undefined) expect(expected[0].probability).toBeCloseTo(scored!.lead.probability, 9)
        if (expected[1] !== undefined) expect(expected[1].probability).toBeCloseTo(scored!.churn.risk, 9)
      }),
    )
  })

  it('lists what helps, best first: a demo for a lead, anything at all for a customer who is quiet', () => {
    const driver = createDriver({ now: NOON + 100 * DAY })
    driver.pipe('interactions', interaction({ type: 'page_view' }))
    const state = driver.state('shop', 'ada')!
    const asOf = NOON + 30 * DAY
    const acts = bestActs(lead, state, { asOf, sessionGapMs })
    expect(acts[0]!.act).toBe('demo_request')
    expect(acts.map(({ gain }) => gain)).toEqual(acts.map(({ gain }) => gain).toSorted((a, b) => b - a))
    expect(bestActs(churn, state, { asOf, sessionGapMs }).every(({ gain }) => gain > 0)).toBe(true)
    expect(state).toEqual(driver.state('shop', 'ada'))
  })
})
