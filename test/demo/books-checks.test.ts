import { describe, expect, it } from 'vitest'
import { type ChangeFacts, checkChanges } from '../../demo/books/check-changes.ts'
import { checkCustomer } from '../../demo/books/check-customer.ts'
import { chosenHistories } from '../../demo/books/chosen-histories.ts'
import type { PartitionLogs } from '../../demo/books/reconcile.ts'
import { reconcile } from '../../demo/books/reconcile.ts'
import { simulate } from '../../demo/simulator/simulate.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import type { Customer } from '../../schemas/avro/customer.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'
import { decodeState, encodeState } from '../../schemas/state-codec.ts'
import { createDriver } from '../driver.ts'
import { transactions } from './build-transactions.ts'

const input = (offset: number, eventId: string | null, key = 't/c') => ({ origin: `surveys/${offset}`, key, eventId })
const scored = (offset: number, eventId: string, key = 't/c') => ({ origin: `surveys/${offset}`, key, eventId })

describe('reconcile', () => {
  const good: PartitionLogs = {
    inputs: [input(0, 'a'), input(1, 'b'), input(2, 'a'), input(3, null), input(4, 'a', 't/d')],
    scored: [scored(0, 'a'), scored(1, 'b'), scored(4, 'a', 't/d')],
    deadLetters: ['surveys/3'],
  }

  it('balances scored, dead letters and duplicates', () => {
    expect(reconcile(good)).toEqual({ duplicates: 1, mismatches: [] })
  })

  it.each<[string, Partial<PartitionLogs>, string]>([
    ['an event that was lost', { scored: good.scored.slice(1) }, 'surveys/0 (event a) has no result'],
    ['bytes without a dead letter', { deadLetters: [] }, 'surveys/3 (event null) has no result'],
    ['an event scored from two records', { scored: [...good.scored, scored(2, 'a')] }, 'event t/c a is scored twice'],
    ['a record scored twice', { scored: [...good.scored, scored(1, 'b')] }, 'surveys/1 is scored and scored'],
    ['a record with two fates', { deadLetters: ['surveys/3', 'surveys/1'] }, 'surveys/1 is scored and dead letter'],
    ['a result from nowhere', { scored: [...good.scored, scored(9, 'z')] }, 'surveys/9 is scored, but there is no'],
    ['another customer', { scored: [scored(0, 'a', 't/x'), ...good.scored.slice(1)] }, 'was scored as a of t/x'],
  ])('finds %s', (_, spoilt, mismatch) => {
    const { mismatches } = reconcile({ ...good, ...spoilt })
    expect(mismatches.join('\n')).toContain(mismatch)
  })
})

describe('checkChanges', () => {
  const change = (changeId: string, kind: string, from: string | null, to: string): ChangeFacts => {
    return { changeId, tenantId: 't', customerId: 'c', kind, from, to }
  }
  const chain = [change('1', 'lead', null, 'D'), change('2', 'churn', null, 'Low'), change('3', 'lead', 'D', 'B')]
  const newest = new Map([['t/c', { lead: { grade: 'B' }, churn: { band: 'Low' } } as Customer]]) // all that is read

  it('takes a chain that ends where the customer is', () => {
    expect(checkChanges(chain, newest)).toEqual([])
  })

  it('finds a missing, a repeated and a last change that is not the last', () => {
    expect(checkChanges(chain.slice(1), newest)).toEqual(['lead of t/c goes from D to B, but was null'])
    expect(checkChanges([...chain, change('3', 'churn', 'Low', 'Low')], newest)).toEqual(['change 3 is there twice'])
    expect(checkChanges(chain.slice(0, 2), newest)).toEqual(['lead of t/c is B, but the last change went to D'])
  })
})

describe('chosenHistories', () => {
  const purchases = transactions(60).map((event): InputEvent => ({ topic: 'transactions', event }))
  const all = [...purchases, ...simulate(transactions(60), { seed: 1 })]
  const keyOf = ({ event }: InputEvent): string => customerKey(event.tenantId, event.customerId)

  it('holds every event of the chosen customers, in order', () => {
    const chosen = chosenHistories(all, 3, 7)
    expect(chosen.size).toBe(3)
    for (const [key, events] of chosen) expect(events).toEqual(all.filter((each) => keyOf(each) === key))
  })

  it('depends on the seed, not on the order of the events', () => {
    const keys = (events: InputEvent[], seed: number) => [...chosenHistories(events, 3, seed).keys()].sort()
    expect(keys(all.toReversed(), 7)).toEqual(keys(all, 7))
    expect(new Set(Array.from({ length: 8 }, (_, seed) => keys(all, seed).join())).size).toBeGreaterThan(1)
    expect(chosenHistories(all, 10_000, 1).size).toBe(new Set(all.map(keyOf)).size)
  })
})

describe('checkCustomer', () => {
  const scorecards = { lead: LEAD_PRIOR, churn: CHURN_PRIOR }
  const purchases = transactions(40)
  const real = purchases.map((event): InputEvent => ({ topic: 'transactions', event }))
  const events = [...real, ...simulate(purchases, { seed: 2 })].sort((a, b) => a.event.occurredAt - b.event.occurredAt)
  const [[, history]] = [...chosenHistories(events, 1, 1)] as [[string, readonly InputEvent[]]]
  const driver = createDriver({ now: Date.UTC(2026, 0, 1) })
  for (const { topic, event } of history) driver.pipe(topic, event as never) // the pair is one of InputEvent
  const stored = driver.read('customers').at(-1)!

  it('agrees with the pipeline on what it made of the same events', () => {
    expect(history.length).toBeGreaterThan(5)
    expect(checkCustomer(history, stored, scorecards)).toEqual([])
  })

  it('finds a state, a score and a sum that are not right', () => {
    const state = decodeState(stored.state)
    state.counters[1]! *= 1 + 1e-8
    state.sessions++
    const bytes = Buffer.alloc(65_536)
    const spoilt = { ...stored, state: bytes.subarray(0, encodeState(state, bytes, 0)) }
    expect(checkCustomer(history, spoilt, scorecards)).toHaveLength(2)
    const lead = { ...stored.lead, probability: stored.lead.probability + 1e-6 }
    expect(checkCustomer(history, { ...stored, lead }, scorecards)).toEqual([
      expect.stringContaining('lead probability is'),
    ])
    const rfm = { ...stored.rfm, monetaryMinor: stored.rfm.monetaryMinor + 1 }
    expect(checkCustomer(history, { ...stored, rfm }, scorecards)).toEqual([
      expect.stringContaining('monetaryMinor is'),
    ])
    expect(checkCustomer(history.slice(0, -1), stored, scorecards)).not.toEqual([])
  })
})
