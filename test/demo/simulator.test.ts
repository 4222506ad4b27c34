import { describe, expect, it } from 'vitest'
import { simulate } from '../../demo/simulator/simulate.ts'
import { INTERACTION_TYPES } from '../../schemas/customer-state.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { transactions } from './build-transactions.ts'

const SEED = 7
const real = transactions(60)
const simulated = simulate(real, { seed: SEED })
const of = (events: readonly InputEvent[], customerId: string) =>
  events.filter(({ event }) => event.customerId === customerId)

describe('simulate', () => {
  it('gives the same events for the same seed, and others for another', () => {
    expect(simulate(real, { seed: SEED })).toEqual(simulated)
    expect(simulate(real.toReversed(), { seed: SEED })).toEqual(simulated)
    expect(simulate(real, { seed: SEED + 1 })).not.toEqual(simulated)
  })

  it("leaves a customer's events as they were when another one comes along", () => {
    const last = real.at(-1)!
    const more = simulate([...real, { ...last, customerId: 'new', eventId: 'retail-new' }], { seed: SEED })
    for (const id of ['c0', 'c17', 'c42']) expect(of(more, id)).toEqual(of(simulated, id))
  })

  it('is in time order, within the time of the data, and about its customers only', () => {
    const times = simulated.map(({ event }) => event.occurredAt)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times.at(-1)).toBeLessThanOrEqual(real.at(-1)!.occurredAt)
    const customers = new Set(real.map(({ customerId }) => customerId))
    expect(new Set(simulated.map(({ event }) => event.customerId))).toEqual(customers)
    expect(times.every(Number.isSafeInteger)).toBe(true)
  })

  it('says of every event that it is simulated, under an id of its own', () => {
    const ids = simulated.map(({ event }) => event.eventId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.every((id) => id.startsWith('sim-'))).toBe(true)
    const tags = simulated.map(({ topic, event }) => {
      if (topic === 'outcomes') return 'true' // has no place for it
      if (topic === 'profiles') return event.traits['simulated']
      return topic === 'surveys' ? event.attributes['simulated'] : event.properties['simulated']
    })
    expect(new Set(tags)).toEqual(new Set(['true']))
  })

  it('tells of a lead for everybody who buys, and later what became of it', () => {
    const buyers = new Set(real.filter(({ type }) => type === 'PURCHASE').map(({ customerId }) => customerId))
    for (const customerId of buyers) {
      const [profile, ...more] = of(simulated, customerId).filter(({ topic }) => topic === 'profiles')
      expect(more).toEqual([])
      const outcomes = of(simulated, customerId).filter(({ topic }) => topic === 'outcomes')
      for (const { event } of outcomes) expect(event.occurredAt).toBeGreaterThan(profile!.event.occurredAt)
      // What came after the end of the data is not known.
      expect(outcomes.length).toBeLessThanOrEqual(1)
    }
    const kinds = simulated.flatMap(({ topic, event }) => (topic === 'outcomes' ? [event.kind] : []))
    expect(new Set(kinds)).toEqual(new Set(['CONVERTED', 'LOST']))
  })

  it('makes interactions of known types and valid answers by region', () => {
    const types = new Set<string>()
    for (const { topic, event } of simulated) {
      if (topic === 'interactions') types.add(event.type)
      if (topic !== 'surveys') continue
      expect(['France', 'United Kingdom']).toContain(event.attributes['region'])
      const [least, most] = event.kind === 'NPS' ? [0, 10] : [1, 5]
      expect(event.score).toBeGreaterThanOrEqual(least!)
      expect(event.score).toBeLessThanOrEqual(most!)
    }
    const expected = ['page_view', 'product_view', 'search', 'add_to_cart', 'login']
    const rarer = ['email_open', 'email_click', 'support_ticket', 'unsubscribe']
    expect([...types].sort()).toEqual([...expected, ...rarer].sort())
    expect(INTERACTION_TYPES).toEqual(expect.arrayContaining([...types]))
    expect(new Set(simulated.map(({ topic }) => topic))).toEqual(
      new Set(['interactions', 'surveys', 'profiles', 'outcomes']),
    )
  })

  it('lets every purchase be preceded by a visit that views what is bought, fees aside', () => {
    for (const { customerId, occurredAt, type } of real) {
      if (type !== 'PURCHASE') continue
      const visit = of(simulated, customerId).filter(
        ({ event }) => event.occurredAt < occurredAt && event.occurredAt >= occurredAt - 40 * 60_000,
      )
      const types = visit.map(({ event }) => 'type' in event && event.type)
      expect(types).toEqual(expect.arrayContaining(['page_view', 'product_view', 'add_to_cart']))
    }
    const items = simulated.flatMap(({ event }) => ('itemId' in event && event.itemId !== null ? [event.itemId] : []))
    expect(items).not.toContain('POST')
    expect(items.length).toBeGreaterThan(0)
  })
})
