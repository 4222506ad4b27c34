import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Population } from '../../aggregates/population.ts'
import { encodePopulation } from '../../aggregates/population-codec.ts'
import { bucketOf } from '../../models/buckets.ts'
import { PopulationMoves } from '../../processors/population-moves.ts'
import type { CustomerState } from '../../schemas/customer-state.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { createDriver } from '../driver.ts'
import { anyHistory } from './any-history.ts'
import { DAY, NOON } from './build-event.ts'
import { evenly, thresholds } from './build-thresholds.ts'

/** What a customer's events come to in his population, counted from the events alone. */
function placeFrom(events: readonly InputEvent[]): { day: number; frequency: number; money: number } | null {
  const money = events.flatMap((input) => (input.topic === 'transactions' ? [input.event] : []))
  const purchases = money.filter(({ type }) => type === 'PURCHASE')
  if (purchases.length === 0) return null
  const inPounds = money.filter(({ currency }) => currency === 'GBP')
  return {
    day: Math.max(...purchases.map(({ occurredAt }) => Math.floor(occurredAt / DAY))),
    frequency: purchases.length,
    money: inPounds.reduce((sum, { type, amountMinor }) => {
      return sum + (type === 'PURCHASE' ? amountMinor : type === 'REFUND' ? -amountMinor : 0)
    }, 0),
  }
}

describe('PopulationMoves', () => {
  it('make of any histories, in batches of any size, the population of the customers at their end', () => {
    fc.assert(
      fc.property(fc.array(anyHistory, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 9 }), (all, size) => {
        const settings = parseSettings({ currency: 'GBP' })
        const driver = createDriver({ now: NOON + 400 * DAY, settings })
        const population = new Population()
        const total = new Map<number, number>()
        all.forEach((history, customer) => {
          const customerId = `c-${customer}`
          for (let from = 0; from < history.length; from += size) {
            const before = driver.state('shop', customerId) ?? null
            for (const { topic, event } of history.slice(from, from + size)) {
              driver.pipe(topic, { ...event, customerId } as never) // the pair came from one event
            }
            if (from > history.length / 2)
              driver.useThresholds(thresholds({ monetary: { GBP: evenly(-50_000, 100_000) } }))
            const moves = new PopulationMoves()
            moves.add(before, driver.state('shop', customerId) ?? null)
            population.apply({ moves: moves.all() })
          }
          const { standing } = driver.state('shop', customerId)!
          const given = standing === null ? 0 : standing.r + standing.f + standing.m
          if (given > 0) total.set(given, (total.get(given) ?? 0) + 1)
        })
        const wanted = new Population()
        for (const history of all) {
          const place = placeFrom(history)
          if (place === null) continue
          wanted.recency.add(place.day, 1)
          wanted.frequency.add(bucketOf(place.frequency), 1)
          wanted.monetaryIn('GBP').add(bucketOf(place.money), 1)
        }
        for (const [sum, customers] of total) wanted.totals.add(sum, customers)
        expect(encodePopulation(population)).toEqual(encodePopulation(wanted))
      }),
    )
  })

  it('take an erased customer out, and say nothing of who stayed where he was', () => {
    const place = { day: 20_000, frequency: 3, monetary: 250, currency: 'GBP' }
    const standing = { r: 5, f: 2, m: 3, segment: 2, tier: 3, tierValue: 0.7 }
    const state = { place, standing } as CustomerState // all that is looked at
    const erased = new PopulationMoves()
    erased.add(state, null)
    expect(erased.all()).toEqual([
      { measure: 'recency', currency: '', bucket: 20_000, customers: -1 },
      { measure: 'frequency', currency: '', bucket: 3, customers: -1 },
      { measure: 'monetary', currency: 'GBP', bucket: 250, customers: -1 },
      { measure: 'totals', currency: '', bucket: 10, customers: -1 },
    ])
    const stayed = new PopulationMoves()
    stayed.add(state, { ...state, standing: { ...standing, tier: 4 } })
    expect(stayed.all()).toEqual([])
  })
})
