import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advanceCounters, count, countOf, DAY_MS, decayedOf, rowOf } from '../../models/counters.ts'
import { COUNTED, type CustomerState, HALF_LIVES_DAYS } from '../../schemas/customer-state.ts'
import { newCustomerState } from '../../schemas/new-state.ts'

interface Occurrence {
  readonly position: number
  readonly at: number
}

const START = Date.UTC(2026, 0, 1)
const occurrences = fc.array(
  fc.record({
    position: fc.nat({ max: COUNTED.length - 1 }),
    at: fc.integer({ min: START, max: START + 400 * DAY_MS }),
  }),
  { minLength: 1, maxLength: 60 },
)

function counted(events: readonly Occurrence[]): CustomerState {
  const state = newCustomerState()
  for (const { position, at } of events) {
    advanceCounters(state, at)
    count(state, position, at)
  }
  return state
}

/** The definition: Σ 2^(-(newest - t) / half-life). */
function directSum(events: readonly Occurrence[], position: number, halfLifeDays: number): number {
  const newest = Math.max(...events.map(({ at }) => at))
  return events
    .filter((event) => event.position === position)
    .reduce((sum, { at }) => sum + 2 ** ((at - newest) / (halfLifeDays * DAY_MS)), 0)
}

describe('decayed counters', () => {
  it('equal the sum they are defined by, in whatever order the events come', () => {
    fc.assert(
      fc.property(occurrences, (events) => {
        const state = counted(events)
        expect(state.newestAt).toBe(Math.max(...events.map(({ at }) => at)))
        for (let position = 0; position < COUNTED.length; position++) {
          expect(countOf(state, position)).toBe(events.filter((event) => event.position === position).length)
          HALF_LIVES_DAYS.forEach((days, halfLife) => {
            expect(Math.abs(decayedOf(state, position, halfLife) - directSum(events, position, days))).toBeLessThan(
              1e-9,
            )
          })
        }
      }),
    )
  })

  it('keep to 1e-9 over 100,000 events', () => {
    const events = Array.from({ length: 100_000 }, (_, i) => ({
      position: 0,
      at: START + i * 7_919 + (i % 97) * 60_000,
    }))
    const state = counted(events)
    const newest = events.reduce((max, { at }) => Math.max(max, at), 0)
    HALF_LIVES_DAYS.forEach((days, halfLife) => {
      const direct = events.reduce((sum, { at }) => sum + 2 ** ((at - newest) / (days * DAY_MS)), 0)
      expect(Math.abs(decayedOf(state, 0, halfLife) / direct - 1)).toBeLessThan(1e-9)
    })
  })

  it('halve in one half-life', () => {
    const state = counted([{ position: 3, at: START }])
    advanceCounters(state, START + 7 * DAY_MS)
    expect(decayedOf(state, 3, 1)).toBeCloseTo(0.5, 12)
    advanceCounters(state, START)
    expect(decayedOf(state, 3, 1), 'time does not run back').toBeCloseTo(0.5, 12)
  })
})

describe('rowOf', () => {
  it('is four numbers for each lower position that occurred', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** COUNTED.length - 1 }), fc.nat({ max: COUNTED.length - 1 }), (mask, position) => {
        const lower = mask
          .toString(2)
          .padStart(32, '0')
          .slice(32 - position)
        expect(rowOf(mask, position)).toBe(4 * lower.replaceAll('0', '').length)
      }),
    )
  })
})
