import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { computeFeatures } from '../../models/compute-features.ts'
import { DAY_MS } from '../../models/counters.ts'
import { FEATURE_COUNT, FEATURES } from '../../models/features.ts'
import { type CompiledModel, compileModel } from '../../models/linear-model.ts'
import { nextCrossing, quietUntil } from '../../models/next-crossing.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { newMoment, QuietOdds } from '../../models/quiet-odds.ts'
import { contributionsOf, createWorkings } from '../../models/score.ts'
import type { CustomerState } from '../../schemas/customer-state.ts'
import type { LinearModel } from '../../schemas/model.ts'
import { createDriver } from '../driver.ts'
import { anyHistory } from '../processors/any-history.ts'
import { DAY, NOON } from '../processors/build-event.ts'
import { anyModel } from './any-model.ts'

const HOUR_DAYS = 1 / 24
const anyState: fc.Arbitrary<CustomerState> = anyHistory.map((history) => {
  const driver = createDriver({ now: NOON + 10_000 * DAY })
  for (const { topic, event } of history) driver.pipe(topic, event)
  return driver.state('shop', 'ada')!
})

const features = new Float64Array(FEATURE_COUNT)
const workings = createWorkings()

/** As the pipeline computes them. */
function oddsAt(model: CompiledModel, state: CustomerState, at: number): number {
  computeFeatures(state, at, features)
  return contributionsOf(model, features, state.traits, workings)
}

function quietOdds(model: CompiledModel, state: CustomerState, asOf: number): QuietOdds {
  const odds = new QuietOdds()
  odds.set(model, state, asOf, oddsAt(model, state, asOf), workings)
  return odds
}

/** Every feature that moves, with weights of any sign: odds that rise and fall. */
const anyMovingModel: fc.Arbitrary<LinearModel> = fc
  .tuple(
    anyModel,
    fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: FEATURE_COUNT, maxLength: FEATURE_COUNT }),
  )
  .map(([model, weights]) => ({
    ...model,
    inputs: FEATURES.flatMap(({ name, course }, i) => {
      const input = { feature: name, basis: { kind: 'linear' as const, missing: false } }
      return course === null ? [] : [{ ...input, means: [0], scales: [1], coefficients: [weights[i]!] }]
    }),
  }))

const anyOdds = fc.tuple(
  fc.oneof(anyModel, anyMovingModel, fc.constant(CHURN_PRIOR)).map(compileModel),
  anyState,
  fc.nat({ max: 40 }),
)

describe('the odds while nothing happens', () => {
  it('are those of scoring the same state later', () => {
    fc.assert(
      fc.property(anyOdds, fc.double({ min: 0, max: 2_000, noNaN: true }), ([model, state, wait], days) => {
        const asOf = state.newestAt + wait * DAY_MS
        const later = asOf + Math.round(days * DAY_MS)
        const { odds } = quietOdds(model, state, asOf).at((later - asOf) / DAY_MS, newMoment())
        const expected = oddsAt(model, state, later)
        // Both are sums of the same terms, rounded apart: to ten digits, of however large a number.
        expect(Math.abs(odds - expected)).toBeLessThan(1e-10 * Math.max(1, Math.abs(expected)))
      }),
      { numRuns: 300 },
    )
  })

  it('stay within their bounds between two moments', () => {
    const time = fc.double({ min: 0, max: 400, noNaN: true })
    fc.assert(
      fc.property(anyOdds, time, time, fc.double({ min: 0, max: 1, noNaN: true }), ([model, state], a, b, share) => {
        const odds = quietOdds(model, state, state.newestAt)
        const [from, to] = [odds.at(Math.min(a, b), newMoment()), odds.at(Math.max(a, b), newMoment())]
        const between = odds.at(from.days + share * (to.days - from.days), newMoment())
        const { least, most } = odds.bounds(from, to)
        expect(between.odds).toBeGreaterThanOrEqual(least - 1e-9)
        expect(between.odds).toBeLessThanOrEqual(most + 1e-9)
        const slopes = odds.slopes(from, to)
        const elapsed = between.days - from.days
        expect(between.odds - from.odds).toBeGreaterThanOrEqual(slopes.least * elapsed - 1e-9)
        expect(between.odds - from.odds).toBeLessThanOrEqual(slopes.most * elapsed + 1e-9)
      }),
      { numRuns: 500 },
    )
  })
})

/** The first hour at which the odds are past an edge, looked at hour by hour. */
function firstHourPast(odds: QuietOdds, up: number, down: number, until: number): number | null {
  const moment = newMoment()
  for (let hour = 0; hour * HOUR_DAYS <= until; hour++) {
    const at = odds.at(hour * HOUR_DAYS, moment).odds
    if (at >= up || at < down) return hour * HOUR_DAYS
  }
  return null
}

const anyEdges = fc.record({
  above: fc.oneof(fc.constant(Infinity), fc.double({ min: 0.001, max: 1, noNaN: true })),
  below: fc.oneof(fc.constant(Infinity), fc.double({ min: 0.001, max: 1, noNaN: true })),
})

describe('nextCrossing', () => {
  it('finds the first crossing that looking every hour finds, and none before it', () => {
    let found = 0
    let gaveUp = 0
    fc.assert(
      fc.property(anyOdds, anyEdges, ([model, state], { above, below }) => {
        const odds = quietOdds(model, state, state.newestAt)
        const begin = odds.at(0, newMoment()).odds
        const edges = { up: begin + above, down: begin - below }
        const brute = firstHourPast(odds, edges.up, edges.down, 300)
        const crossing = nextCrossing(odds, edges, 0)
        if (crossing === null || crossing > 300) {
          expect(brute).toBeNull()
          return
        }
        const there = odds.at(crossing, newMoment()).odds
        if (there < edges.up && there >= edges.down) {
          // The search took too long and says up to when it knows: rare, and no crossing may be passed over.
          gaveUp++
          expect(brute === null || brute >= crossing).toBe(true)
          return
        }
        // A visit of less than an hour may fall between two looks.
        if (brute === null || brute > crossing + HOUR_DAYS) {
          const hourLater = odds.at(Math.ceil(crossing * 24) / 24, newMoment()).odds
          expect(hourLater >= edges.up || hourLater < edges.down).toBe(false)
        } else {
          expect(crossing).toBeLessThanOrEqual(brute + 1 / 86_400)
          found++
        }
        const second = odds.at(Math.max(0, crossing - 1 / 86_400), newMoment()).odds
        expect(crossing === 0 || (second < edges.up + 1e-6 && second >= edges.down - 1e-6)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
    expect(found).toBeGreaterThan(50)
    expect(gaveUp).toBeLessThan(found / 10)
  })

  it('needs a crossing to be one at the very beginning', () => {
    fc.assert(
      fc.property(anyOdds, ([model, state]) => {
        const odds = quietOdds(model, state, state.newestAt)
        const { odds: begin } = odds.at(0, newMoment())
        expect(nextCrossing(odds, { up: begin, down: -Infinity }, 0)).toBe(0)
        expect(nextCrossing(odds, { up: Infinity, down: -Infinity }, 0)).toBeNull()
      }),
    )
  })
})

describe('quietUntil', () => {
  it('never goes past a crossing', () => {
    fc.assert(
      fc.property(anyOdds, anyEdges, fc.nat({ max: 200 }), ([model, state], { above, below }, days) => {
        const odds = quietOdds(model, state, state.newestAt)
        const begin = odds.at(0, newMoment()).odds
        const edges = { up: begin + above, down: begin - below }
        const until = quietUntil(odds, edges, 0, days)
        expect(until).toBeGreaterThanOrEqual(0)
        expect(until).toBeLessThanOrEqual(days)
        const crossing = nextCrossing(odds, edges, 0)
        if (crossing !== null) expect(until).toBeLessThanOrEqual(crossing + 1e-9)
      }),
      { numRuns: 500 },
    )
  })
})
