import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countOf, decayedOf, positionOf } from '../../models/counters.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import {
  ANSWERS,
  COUNTED,
  type CustomerState,
  HALF_LIVES_DAYS,
  OUTCOME_KINDS,
  SUBSCRIPTION_STATES,
} from '../../schemas/customer-state.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { createDriver } from '../driver.ts'
import { anyHistory } from './any-history.ts'
import { DAY, HOUR, interaction, MINUTE, NOON, outcome, profile, survey, transaction } from './build-event.ts'

function stateAfter(events: readonly InputEvent[]): CustomerState {
  const driver = createDriver({ now: NOON + 1000 * DAY })
  for (const { topic, event } of events) expect(driver.pipe(topic, event).kind).toBe('forward')
  return driver.state('shop', 'ada')!
}

/** What a state must say of a set of events, from the events alone, in no order. */
function truthOf(events: readonly InputEvent[]) {
  const times = events.map(({ event }) => event.occurredAt)
  const newest = Math.max(...times)
  const names = events.map((input) => {
    if (input.topic === 'transactions') return input.event.type === 'PAYMENT_FAILED' ? 'payment_failed' : null
    if (input.topic !== 'interactions') return null
    const lower = input.event.type.toLowerCase()
    if (lower === 'support') return 'support_ticket'
    return (COUNTED as readonly string[]).includes(lower) ? lower : 'other'
  })
  const moves = events.flatMap((input) => (input.topic === 'transactions' ? [input.event] : []))
  const moneyOf = (type: Transaction['type'], currency: string): number =>
    moves.filter((move) => move.type === type && move.currency === currency).reduce((sum, m) => sum + m.amountMinor, 0)
  const paid = moves.filter(({ type }) => type === 'PURCHASE' || type === 'REFUND')
  const latest = <T extends { occurredAt: number }>(list: readonly T[]): T | undefined =>
    list.toSorted((a, b) => a.occurredAt - b.occurredAt).at(-1)
  const profiles = events.flatMap((input) => (input.topic === 'profiles' ? [input.event] : []))
  return {
    firstSeenAt: Math.min(...times),
    newestAt: newest,
    counted: COUNTED.map((name) => ({
      count: names.filter((other) => other === name).length,
      decayed: HALF_LIVES_DAYS.map((days) =>
        times.reduce((sum, t, i) => sum + (names[i] === name ? 2 ** ((t - newest) / (days * DAY)) : 0), 0),
      ),
    })),
    purchases: moves.filter(({ type }) => type === 'PURCHASE').length,
    refunds: moves.filter(({ type }) => type === 'REFUND').length,
    lastPurchaseAt: Math.max(-1, ...moves.filter(({ type }) => type === 'PURCHASE').map((m) => m.occurredAt)),
    money: [...new Set(paid.map(({ currency }) => currency))].sort().map((currency) => ({
      currency,
      firstAt: Math.min(...paid.filter((m) => m.currency === currency).map((m) => m.occurredAt)),
      purchasedMinor: moneyOf('PURCHASE', currency),
      refundedMinor: moneyOf('REFUND', currency),
    })),
    answers: ANSWERS.flatMap((kind) => {
      const answer = latest(events.flatMap((i) => (i.topic === 'surveys' && i.event.kind === kind ? [i.event] : [])))
      return answer ? [answer.score, answer.occurredAt] : [-1, -1]
    }),
    subscription: latest(moves.filter(({ type }) => type.startsWith('SUBSCRIPTION')))?.type,
    outcome: latest(events.flatMap((i) => (i.topic === 'outcomes' ? [i.event] : [])))?.kind,
    traits: [...new Set(profiles.flatMap(({ traits }) => Object.keys(traits)))].sort().map((name) => {
      const { traits, occurredAt } = latest(profiles.filter((each) => name in each.traits))!
      return { name, value: traits[name]!, at: occurredAt }
    }),
  }
}

describe('update-features', () => {
  it('adds what the events say, in whatever order they come', () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const state = stateAfter(events)
        const { counted, subscription, outcome: kind, ...rest } = truthOf(events)
        expect(state).toMatchObject(rest)
        counted.forEach(({ count, decayed }, position) => {
          expect(countOf(state, position)).toBe(count)
          decayed.forEach((sum, i) => {
            expect(Math.abs(decayedOf(state, position, i) - sum)).toBeLessThan(1e-9)
          })
        })
        const step = { SUBSCRIPTION_STARTED: 'active', SUBSCRIPTION_CANCELLED: 'cancelled' }
        expect(SUBSCRIPTION_STATES[state.subscription]).toBe(step[subscription as keyof typeof step] ?? 'none')
        expect(OUTCOME_KINDS[state.outcome]).toBe(kind)
      }),
    )
  })
})

describe('interactions', () => {
  const visits = (...minutes: number[]): CustomerState =>
    stateAfter(
      minutes.map((each) => ({ topic: 'interactions', event: interaction({ occurredAt: NOON + each * MINUTE }) })),
    )

  it('open a session after a pause of more than 30 minutes', () => {
    expect(visits(0, 10, 40, 71, 71).sessions).toBe(2)
  })

  it('that come late open no session in the past', () => {
    expect(visits(0, 300).sessions).toBe(2)
    expect(visits(300, 0, 100, 200).sessions).toBe(1)
  })

  it('count the same in upper and lower case, and as other when unknown', () => {
    const state = stateAfter(
      ['PAGE_VIEW', 'page_view', 'Page_View', 'SUPPORT', 'support_ticket', 'teleport'].map((type) => ({
        topic: 'interactions',
        event: interaction({ type }),
      })),
    )
    expect([countOf(state, positionOf('page_view')), countOf(state, positionOf('support_ticket'))]).toEqual([3, 2])
    expect(countOf(state, positionOf('other'))).toBe(1)
  })

  it('of the customer himself end his silence, contact attempts and an unsubscription do not', () => {
    const state = stateAfter(
      ['page_view', 'contact_attempt', 'unsubscribe'].map((type, i) => ({
        topic: 'interactions',
        event: interaction({ type, occurredAt: NOON + i * HOUR }),
      })),
    )
    expect(state).toMatchObject({ lastActiveAt: NOON, lastInteractionAt: NOON + 2 * HOUR, newestAt: NOON + 2 * HOUR })
  })
})

describe('transactions', () => {
  const buys = (...days: number[]): CustomerState =>
    stateAfter(days.map((day) => ({ topic: 'transactions', event: transaction({ occurredAt: NOON + day * DAY }) })))

  it('give the mean and variance of the gaps between purchases', () => {
    const days = [0, 3, 10, 11, 31]
    const gaps = [3, 7, 1, 20]
    const mean = gaps.reduce((sum, gap) => sum + gap) / gaps.length
    const { gapMeanDays, gapM2, gaps: number } = buys(...days)
    expect(number).toBe(4)
    expect(gapMeanDays).toBeCloseTo(mean, 12)
    expect(gapM2).toBeCloseTo(
      gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0),
      9,
    )
  })

  it('count a late purchase, which adds no gap', () => {
    expect(buys(0, 10, 4)).toMatchObject({ purchases: 3, gaps: 1, gapMeanDays: 10, lastPurchaseAt: NOON + 10 * DAY })
  })

  it('report in the currency that moved first by event time, codes in upper case', () => {
    const state = stateAfter([
      { topic: 'transactions', event: transaction({ currency: 'eur' }) },
      { topic: 'transactions', event: transaction({ currency: 'GBP', occurredAt: NOON - DAY }) },
      { topic: 'transactions', event: transaction({ currency: 'EUR' }) },
    ])
    expect(state.money.map(({ currency, purchasedMinor }) => [currency, purchasedMinor])).toEqual([
      ['EUR', 5000],
      ['GBP', 2500],
    ])
    expect(state.money[state.reporting]!.currency).toBe('GBP')
  })

  it('in one currency too many, or past exact sums, are dead letters that change nothing', () => {
    const driver = createDriver({ now: NOON, settings: parseSettings({ limits: { currencies: 1 } }) })
    driver.pipe('transactions', transaction({ amountMinor: 2 ** 52 }))
    const before = driver.state('shop', 'ada')
    expect(driver.pipe('transactions', transaction({ currency: 'EUR' }))).toMatchObject({
      stage: 'update-features',
      reason: 'CURRENCIES_EXCEEDED',
    })
    expect(driver.pipe('transactions', transaction({ amountMinor: 2 ** 52 }))).toMatchObject({
      reason: 'AMOUNT_SUM_UNSAFE',
    })
    expect(driver.state('shop', 'ada')).toEqual(before)
  })
})

describe('profiles', () => {
  const traitsAfter = (limit: number, ...events: Parameters<typeof profile>[0][]) => {
    const driver = createDriver({ now: NOON + DAY, settings: parseSettings({ limits: { traits: limit } }) })
    const outcomes = events.map((fields) => driver.pipe('profiles', profile(fields)))
    return { outcomes, traits: driver.state('shop', 'ada')!.traits.map(({ name, value }) => [name, value]) }
  }

  it('remove a trait by null, and no older event brings it back', () => {
    const { traits } = traitsAfter(
      64,
      { traits: { plan: 'pro', seats: 3 } },
      { traits: { plan: null }, occurredAt: NOON + 2 },
      { traits: { plan: 'free' }, occurredAt: NOON + 1 },
    )
    expect(traits).toEqual([
      ['plan', null],
      ['seats', 3],
    ])
  })

  it('beyond the limit are dead letters, removed traits make room', () => {
    const { outcomes, traits } = traitsAfter(
      2,
      { traits: { a: 1, b: 2 } },
      { traits: { c: 3 }, occurredAt: NOON + 1 },
      { traits: { a: null }, occurredAt: NOON + 2 },
      { traits: { c: 3 }, occurredAt: NOON + 3 },
    )
    expect(outcomes.map(({ kind }) => kind)).toEqual(['forward', 'deadLetter', 'forward', 'forward'])
    expect(outcomes[1]).toMatchObject({ stage: 'update-features', reason: 'TRAITS_EXCEEDED' })
    expect(traits).toEqual([
      ['b', 2],
      ['c', 3],
    ])
  })
})

describe('answers and outcomes', () => {
  it('that come late never replace newer ones', () => {
    const state = stateAfter([
      { topic: 'surveys', event: survey({ score: 9, occurredAt: NOON + DAY }) },
      { topic: 'surveys', event: survey({ score: 2 }) },
      { topic: 'outcomes', event: outcome({ kind: 'LOST', occurredAt: NOON + DAY }) },
      { topic: 'outcomes', event: outcome({ kind: 'CONVERTED' }) },
    ])
    expect(state.answers.slice(0, 2)).toEqual([9, NOON + DAY])
    expect(OUTCOME_KINDS[state.outcome]).toBe('LOST')
  })
})
