import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Processor } from '../../processors/processor.ts'
import { customerSchema } from '../../schemas/avro/customer.ts'
import { scoreChangeSchema } from '../../schemas/avro/score-change.ts'
import { avroType } from '../../schemas/avro-type.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { decodeState } from '../../schemas/state-codec.ts'
import { describeTopology } from '../../topology/describe.ts'
import { scoringTopology } from '../../topology/scoring.ts'
import { createTopology } from '../../topology/topology.ts'
import { createDriver } from '../driver.ts'
import { anyHistory } from '../processors/any-history.ts'
import { DAY, HOUR, interaction, MINUTE, NOON, profile, survey, transaction } from '../processors/build-event.ts'

const last = <T>(records: T[]): T => records.at(-1)!

describe('a new lead', () => {
  it('is graded F or D after one page view, with two changes from null', () => {
    const driver = createDriver({ now: NOON })
    const event = interaction()
    expect(driver.pipe('interactions', event)).toEqual({ kind: 'forward' })
    const [customer] = driver.read('customers')
    expect(customer).toMatchObject({
      tenantId: 'shop',
      customerId: 'ada',
      eventId: event.eventId,
      cause: 'event',
      occurredAt: NOON,
      asOf: NOON,
      scoredAt: NOON,
      settingsVersion: 0,
      thresholdsVersion: 0,
      rfm: {
        recencyDays: null,
        frequency: 0,
        monetaryMinor: 0,
        currency: null,
        r: null,
        f: null,
        m: null,
        segment: null,
      },
      lead: { modelVersion: 'lead-prior-1' },
      churn: { modelVersion: 'churn-prior-1' },
    })
    expect(['F', 'D']).toContain(customer!.lead.grade)
    expect(customer!.lead.score).toBe(Math.round(customer!.lead.probability * 100))
    const changes = driver.read('score-changes')
    expect(changes.map(({ kind, from, fromValue }) => ({ kind, from, fromValue }))).toEqual([
      { kind: 'lead', from: null, fromValue: null },
      { kind: 'churn', from: null, fromValue: null },
    ])
    expect(changes[0]).toMatchObject({
      changeId: `shop/ada/lead/${event.eventId}`,
      to: customer!.lead.grade,
      toValue: customer!.lead.probability,
      eventId: event.eventId,
      cause: 'event',
      occurredAt: NOON,
      modelVersion: 'lead-prior-1',
    })
    expect(changes[0]!.reasons).toEqual(customer!.lead.reasons)
  })

  it('reaches B or A with a demo request after several visits', () => {
    const driver = createDriver({ now: NOON + DAY })
    for (let day = 4; day > 0; day--) driver.pipe('interactions', interaction({ occurredAt: NOON - day * DAY }))
    driver.pipe('interactions', interaction({ type: 'demo_request' }))
    const { lead } = last(driver.read('customers'))
    expect(['B', 'A']).toContain(lead.grade)
    expect(lead.reasons[0]!.feature).toBe('demo_requests')
    expect(lead.reasons).toHaveLength(3)
  })

  it('is not a hot one for browsing alone', () => {
    const driver = createDriver({ now: NOON + DAY })
    for (let i = 0; i < 10; i++) driver.pipe('interactions', interaction({ occurredAt: NOON + i * MINUTE }))
    expect(['F', 'D']).toContain(last(driver.read('customers')).lead.grade)
  })
})

describe('churn', () => {
  const riskAfter = (...last_: Parameters<ReturnType<typeof createDriver>['pipe']>[]): number => {
    const driver = createDriver({ now: NOON + 100 * DAY })
    for (let week = 0; week < 4; week++) driver.pipe('transactions', transaction({ occurredAt: NOON + week * 7 * DAY }))
    for (const [topic, event] of last_) driver.pipe(topic, event)
    return last(driver.read('customers')).churn.risk
  }
  const at = NOON + 25 * DAY
  const calm = riskAfter(['interactions', interaction({ occurredAt: at, type: 'contact_attempt' })])

  it.each([
    ['a refund', ['transactions', transaction({ type: 'REFUND', occurredAt: at })]],
    ['a failed payment', ['transactions', transaction({ type: 'PAYMENT_FAILED', occurredAt: at })]],
    ['a cancelled subscription', ['transactions', transaction({ type: 'SUBSCRIPTION_CANCELLED', occurredAt: at })]],
    ['a detractor', ['surveys', survey({ score: 1, occurredAt: at })]],
    ['a bad CSAT answer', ['surveys', survey({ kind: 'CSAT', score: 1, occurredAt: at })]],
    ['an unsubscription', ['interactions', interaction({ type: 'unsubscribe', occurredAt: at })]],
    ['an overdue purchase', ['interactions', interaction({ type: 'contact_attempt', occurredAt: NOON + 60 * DAY })]],
  ] as const)('rises with %s', (_name, piped) => {
    expect(riskAfter([piped[0], piped[1]])).toBeGreaterThan(calm)
  })

  it('falls with a purchase on schedule', () => {
    const onTime = riskAfter(['transactions', transaction({ occurredAt: NOON + 28 * DAY })])
    expect(onTime).toBeLessThan(calm)
    expect(onTime).toBeLessThan(0.25)
  })
})

describe('the scoring topology', () => {
  it('stops at the first processor that does not forward, and leaves no trace', () => {
    const driver = createDriver({ now: NOON })
    const event = survey({ score: 11 })
    expect(driver.pipe('surveys', event)).toMatchObject({ kind: 'deadLetter', stage: 'validate-event' })
    expect(driver.state('shop', 'ada')).toBeUndefined()
    expect(driver.read('customers')).toEqual([])
    expect(driver.read('dead-letters')).toMatchObject([{ input: { event }, reason: 'SCORE_OUT_OF_RANGE' }])
    expect(driver.pipe('surveys', { ...event, score: 10 }), 'the corrected event').toEqual({ kind: 'forward' })
  })

  it('fills every field of its records as their schemas ask', () => {
    const [customerType, changeType] = [avroType(customerSchema), avroType(scoreChangeSchema)]
    fc.assert(
      fc.property(anyHistory, (events) => {
        const driver = createDriver({ now: NOON + 1000 * DAY })
        for (const { topic, event } of events) driver.pipe(topic, event)
        for (const customer of driver.read('customers')) expect(customerType.isValid(customer)).toBe(true)
        for (const change of driver.read('score-changes')) expect(changeType.isValid(change)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it('drops an event seen before, whatever its topic', () => {
    const driver = createDriver({ now: NOON })
    driver.pipe('interactions', interaction({ eventId: 'same' }))
    expect(driver.pipe('transactions', transaction({ eventId: 'same' }))).toEqual({ kind: 'drop', reason: 'duplicate' })
    expect(driver.read('customers')).toHaveLength(1)
    expect(driver.pipe('interactions', interaction({ eventId: 'same', customerId: 'bob' })).kind).toBe('forward')
  })

  it('scores a late event as of the newest one', () => {
    const driver = createDriver({ now: NOON })
    driver.pipe('interactions', interaction())
    driver.pipe('interactions', interaction({ occurredAt: NOON - DAY }))
    expect(last(driver.read('customers'))).toMatchObject({ occurredAt: NOON - DAY, asOf: NOON })
  })

  it('gives the same records again in a replay, but for scoredAt', () => {
    const events = Array.from({ length: 60 }, (_, i) => interaction({ eventId: `r-${i}`, occurredAt: NOON + i * HOUR }))
    const [live, replay] = [NOON + 90 * DAY, NOON + 500 * DAY].map((now) => {
      const driver = createDriver({ now })
      for (const event of events) driver.pipe('interactions', event)
      return { customers: driver.read('customers'), changes: driver.read('score-changes') }
    })
    expect(replay!.customers.map((each) => ({ ...each, scoredAt: 0 }))).toEqual(
      live!.customers.map((each) => ({ ...each, scoredAt: 0 })),
    )
    expect(replay!.changes).toEqual(live!.changes)
  })

  it('keeps RFM in the reporting currency and counts recency from the last purchase', () => {
    const driver = createDriver({ now: NOON + 30 * DAY })
    driver.pipe('transactions', transaction({ amountMinor: 2500 }))
    driver.pipe('transactions', transaction({ amountMinor: 900, currency: 'EUR', occurredAt: NOON + DAY }))
    driver.pipe('transactions', transaction({ type: 'REFUND', amountMinor: 500, occurredAt: NOON + 2 * DAY }))
    driver.pipe('interactions', interaction({ occurredAt: NOON + 3 * DAY }))
    expect(last(driver.read('customers')).rfm).toMatchObject({
      recencyDays: 2,
      frequency: 2,
      monetaryMinor: 2000,
      currency: 'GBP',
    })
  })

  it('reports in the currency of the tenant when it has one', () => {
    const driver = createDriver({ now: NOON, settings: parseSettings({ currency: 'EUR', version: 7 }) })
    driver.pipe('transactions', transaction())
    expect(last(driver.read('customers'))).toMatchObject({
      settingsVersion: 7,
      rfm: { monetaryMinor: 0, currency: 'EUR', frequency: 1 },
    })
  })

  it('moves the clock by hand: it decides what lies too far ahead and shows in scoredAt only', () => {
    const driver = createDriver({ now: NOON })
    const ahead = interaction({ occurredAt: NOON + 2 * HOUR })
    expect(driver.pipe('interactions', ahead)).toMatchObject({ reason: 'OCCURRED_AT_TOO_FAR_AHEAD' })
    driver.advance(HOUR)
    expect(driver.pipe('interactions', ahead).kind).toBe('forward')
    expect(last(driver.read('customers'))).toMatchObject({ scoredAt: NOON + HOUR, asOf: NOON + 2 * HOUR })
  })

  it('writes states of any size that the limits allow', () => {
    const driver = createDriver({ now: NOON })
    const traits = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`trait-${i}`, 'é'.repeat(512)]))
    driver.pipe('profiles', profile({ traits }))
    const { state } = last(driver.read('customers'))
    expect(state.length).toBeGreaterThan(64 * 1024)
    expect(decodeState(state).traits).toHaveLength(64)
  })
})

describe('createTopology', () => {
  const nothing = (): Processor => () => ({ kind: 'forward' })
  const read = createTopology().source('read', 'interactions')

  it('is a value: adding a node leaves the topology as it was', () => {
    read.processor('step', nothing, ['read'])
    expect(read.nodes).toHaveLength(1)
    expect(Object.isFrozen(read.nodes)).toBe(true)
  })

  it.each([
    ['a name that is taken', () => read.processor('read', nothing, ['read']), /taken/],
    ['a topic that is read already', () => read.source('again', 'interactions'), /reads already/],
    ['an unknown parent', () => read.processor('step', nothing, ['write']), /unknown parent write/],
    ['itself as a parent', () => read.processor('step', nothing, ['step']), /unknown parent step/],
    ['no parent', () => read.sink('write', 'customers', []), /no parent/],
    ['a sink as a parent', () => read.sink('w', 'customers', ['read']).processor('p', nothing, ['w']), /sink w/],
  ])('refuses %s at once', (_name, build, message) => {
    expect(build).toThrow(message)
  })

  it('is drawn as Mermaid', () => {
    const drawn = describeTopology(read.processor('step', nothing, ['read']).sink('end', 'customers', ['step']))
    expect(drawn).toBe(
      [
        'flowchart LR',
        '  n0[("interactions")]',
        '  n1["step"]',
        '  n2[("customers")]',
        '  n0 --> n1',
        '  n1 --> n2',
        '',
      ].join('\n'),
    )
    expect(describeTopology(scoringTopology)).toContain('"deduplicate-event"')
  })
})
