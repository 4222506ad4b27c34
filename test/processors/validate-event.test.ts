import { describe, expect, it } from 'vitest'
import type { InputEvent } from '../../schemas/events.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { createDriver } from '../driver.ts'
import { HOUR, interaction, NOON, outcome, profile, survey, transaction } from './build-event.ts'

function pipe({ topic, event }: InputEvent, settings = parseSettings({})) {
  return createDriver({ now: NOON, settings }).pipe(topic, event)
}

const interactions = (fields: object): InputEvent => ({ topic: 'interactions', event: interaction(fields) })
const transactions = (fields: object): InputEvent => ({ topic: 'transactions', event: transaction(fields) })
const surveys = (fields: object): InputEvent => ({ topic: 'surveys', event: survey(fields) })
const profiles = (traits: Record<string, number | string>): InputEvent => ({
  topic: 'profiles',
  event: profile({ traits }),
})
const outcomes = (fields: object): InputEvent => ({ topic: 'outcomes', event: outcome(fields) })
const line = (fields: object) => [{ itemId: 'a', category: null, quantity: 1, unitPriceMinor: 5, ...fields }]

describe('validate-event refuses', () => {
  it.each<[string, string, InputEvent, RegExp]>([
    ['a tenant with a slash', 'TENANT_ID_INVALID', interactions({ tenantId: 'a/b' }), /"a\/b"/],
    ['no tenant', 'TENANT_ID_INVALID', interactions({ tenantId: '' }), /tenantId ""/],
    ['a tenant of 65 characters', 'TENANT_ID_INVALID', interactions({ tenantId: 'a'.repeat(65) }), /tenantId/],
    ['no customer', 'CUSTOMER_ID_INVALID', interactions({ customerId: '' }), /customerId ""/],
    ['a customer id of 513 bytes', 'CUSTOMER_ID_INVALID', interactions({ customerId: `${'é'.repeat(256)}a` }), /1-512/],
    ['half a surrogate pair', 'CUSTOMER_ID_INVALID', interactions({ customerId: '\ud83d' }), /customerId/],
    ['no event id', 'EVENT_ID_INVALID', interactions({ eventId: '' }), /eventId ""/],
    ['an event id of 257 bytes', 'EVENT_ID_INVALID', interactions({ eventId: 'a'.repeat(257) }), /1-256/],
    ['the year 1900', 'OCCURRED_AT_TOO_EARLY', interactions({ occurredAt: Date.UTC(1900, 0) }), /-2208988800000/],
    ['the year 3000', 'OCCURRED_AT_TOO_FAR_AHEAD', interactions({ occurredAt: Date.UTC(3000, 0) }), /32503680000000/],
    ['1 h and 1 ms ahead', 'OCCURRED_AT_TOO_FAR_AHEAD', interactions({ occurredAt: NOON + HOUR + 1 }), /ahead/],
    ['no time', 'OCCURRED_AT_INVALID', interactions({ occurredAt: Number.NaN }), /NaN/],
    ['a negative duration', 'DURATION_INVALID', interactions({ durationMs: -1 }), /durationMs -1/],
    ['a negative amount', 'AMOUNT_INVALID', transactions({ amountMinor: -1 }), /amountMinor -1/],
    ['half a cent', 'AMOUNT_INVALID', transactions({ amountMinor: 0.5 }), /amountMinor 0.5/],
    ['an amount without exact digits', 'AMOUNT_INVALID', transactions({ amountMinor: 2 ** 53 }), /9007199254740992/],
    ['a currency of two letters', 'CURRENCY_INVALID', transactions({ currency: 'GB' }), /"GB"/],
    ['a currency with a digit', 'CURRENCY_INVALID', transactions({ currency: 'GB1' }), /"GB1"/],
    ['a quantity of 0', 'QUANTITY_INVALID', transactions({ lines: line({ quantity: 0 }) }), /lines\[0\].quantity 0/],
    [
      'a price without exact digits',
      'AMOUNT_INVALID',
      transactions({ lines: line({ unitPriceMinor: 1e300 }) }),
      /unitPrice/,
    ],
    ['NPS 11', 'SCORE_OUT_OF_RANGE', surveys({ score: 11 }), /score 11 of NPS/],
    ['NPS -1', 'SCORE_OUT_OF_RANGE', surveys({ score: -1 }), /0-10/],
    ['CSAT 0', 'SCORE_OUT_OF_RANGE', surveys({ kind: 'CSAT', score: 0 }), /1-5/],
    ['CSAT 6', 'SCORE_OUT_OF_RANGE', surveys({ kind: 'CSAT', score: 6 }), /1-5/],
    ['CES 8', 'SCORE_OUT_OF_RANGE', surveys({ kind: 'CES', score: 8 }), /1-7/],
    ['NPS 7.5', 'SCORE_OUT_OF_RANGE', surveys({ score: 7.5 }), /7.5/],
    ['a trait that is NaN', 'TRAIT_NOT_FINITE', profiles({ seats: Number.NaN }), /"seats" is NaN/],
    ['an infinite trait', 'TRAIT_NOT_FINITE', profiles({ seats: Number.POSITIVE_INFINITY }), /Infinity/],
    ['a trait without a name', 'TRAIT_NAME_INVALID', profiles({ '': 1 }), /""/],
    ['a trait name of 129 bytes', 'TRAIT_NAME_INVALID', profiles({ ['n'.repeat(129)]: 1 }), /1-128/],
    ['a trait of 1025 bytes', 'TRAIT_VALUE_TOO_LONG', profiles({ bio: `${'é'.repeat(512)}a` }), /1024/],
    ['a negative value of an outcome', 'AMOUNT_INVALID', outcomes({ valueMinor: -1 }), /valueMinor -1/],
    ['a currency of an outcome', 'CURRENCY_INVALID', outcomes({ currency: '€' }), /"€"/],
  ])('%s: %s', (_name, reason, input, error) => {
    expect(pipe(input)).toEqual({
      kind: 'deadLetter',
      stage: 'validate-event',
      reason,
      error: expect.stringMatching(error),
    })
  })
})

describe('validate-event forwards', () => {
  it.each<[string, InputEvent]>([
    [
      'ids at their limits',
      interactions({ tenantId: 'A.z_0-'.padEnd(64, '9'), customerId: 'é'.repeat(256), eventId: 'e'.repeat(256) }),
    ],
    ['slashes, braces and emoji in customer ids', interactions({ customerId: 'a/b{c}🙂' })],
    ['the first instant of 1970', interactions({ occurredAt: 0 })],
    ['an hour ahead', interactions({ occurredAt: NOON + HOUR })],
    ['a duration of 0', interactions({ durationMs: 0 })],
    ['free of charge', transactions({ amountMinor: 0, lines: line({ unitPriceMinor: 0 }) })],
    ['the ends of the ranges', surveys({ score: 0 })],
    ['CES 7', surveys({ kind: 'CES', score: 7 })],
    ['a trait at its limits', profiles({ ['n'.repeat(128)]: 'é'.repeat(512) })],
    ['an outcome with its value', outcomes({ valueMinor: 900, currency: 'GBP' })],
  ])('%s', (_name, input) => {
    expect(pipe(input)).toEqual({ kind: 'forward' })
  })

  it('what the settings of the tenant allow', () => {
    const settings = parseSettings({ minOccurredAt: NOON, maxAheadMs: 0 })
    expect(pipe(interactions({ occurredAt: NOON - 1 }), settings)).toMatchObject({ reason: 'OCCURRED_AT_TOO_EARLY' })
    expect(pipe(interactions({ occurredAt: NOON }), settings)).toEqual({ kind: 'forward' })
    expect(pipe(interactions({ occurredAt: NOON + 1 }), settings)).toMatchObject({
      reason: 'OCCURRED_AT_TOO_FAR_AHEAD',
    })
  })

  it('a good tenant after a bad one', () => {
    const driver = createDriver({ now: NOON })
    expect(driver.pipe('interactions', interaction({ tenantId: 'a b' })).kind).toBe('deadLetter')
    expect(driver.pipe('interactions', interaction({ tenantId: 'ab' })).kind).toBe('forward')
    expect(driver.pipe('interactions', interaction({ tenantId: 'a b' })).kind).toBe('deadLetter')
  })
})
