import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { Population } from '../../aggregates/population.ts'
import { decodePopulation, encodePopulation } from '../../aggregates/population-codec.ts'
import { nextThresholds, thresholdsOf } from '../../aggregates/population-thresholds.ts'
import { bucketOf } from '../../models/buckets.ts'
import { rankOf } from '../../models/loyalty.ts'
import { recencyScoreOf, SEGMENTS, scoreOf, segmentOf } from '../../models/rfm.ts'
import { MEASURES, type PopulationMove } from '../../schemas/avro/population-delta.ts'
import { parseThresholds } from '../../schemas/thresholds.ts'
import { exactQuantile, rankRange } from './exact-quantile.ts'
import { type RetailCustomer, retailCustomers } from './retail-customers.ts'

const DAY_MS = 86_400_000
const TODAY = Date.UTC(2011, 11, 10)
const SHARES = Array.from({ length: 101 }, (_, i) => i / 100)

function populationOf(customers: readonly RetailCustomer[]): Population {
  const population = new Population()
  for (const { day, frequency, monetaryMinor } of customers) {
    population.recency.add(day, 1)
    population.frequency.add(bucketOf(frequency), 1)
    population.monetaryIn('GBP').add(bucketOf(monetaryMinor), 1)
  }
  return population
}

describe('the population of Online Retail', () => {
  let customers: RetailCustomer[]
  let population: Population
  beforeAll(async () => {
    customers = await retailCustomers()
    population = populationOf(customers)
  })

  it('has exact quantiles of days and of numbers of purchases', () => {
    const { recency, frequency } = thresholdsOf(population, { version: 1, asOf: TODAY, bins: 5 })
    expect(recency.grid).toEqual(SHARES.map((share) => expect.closeTo(exactQuantile(days(), share), 8)))
    // The two customers who bought more than 199 times lie in wider buckets.
    const exact = SHARES.map((share) => exactQuantile(counts(), share))
    expect(frequency.grid.slice(0, -1)).toEqual(exact.slice(0, -1).map((count) => expect.closeTo(count, 8)))
    expect(frequency.grid.at(-1)! / exact.at(-1)!).toBeCloseTo(1, 2)
    expect(recency.rankError).toBe(0)
    expect(frequency.rankError).toBeLessThan(0.0005)
  })

  it('has quantiles of money within the rank error that it states, 0.6 %', () => {
    const { GBP } = thresholdsOf(population, { version: 1, asOf: TODAY, bins: 5 }).monetary
    expect(GBP!.rankError).toBeLessThan(0.006)
    let worst = 0
    for (const share of SHARES) {
      const { from, to } = rankRange(sums(), population.monetaryIn('GBP').quantile(share))
      worst = Math.max(worst, from - share, share - to)
    }
    expect(worst).toBeLessThanOrEqual(GBP!.rankError)
    for (const share of SHARES.slice(1, -1)) {
      const exact = exactQuantile(sums(), share)
      expect(Math.abs(population.monetaryIn('GBP').quantile(share) - exact)).toBeLessThanOrEqual(Math.abs(exact) / 100)
    }
  })

  it('gives the R, F and M scores that exact quantiles give, but for at most ten customers near a cut of money', () => {
    const { recency, frequency, monetary } = thresholdsOf(population, { version: 1, asOf: TODAY, bins: 5 })
    const cuts = (values: number[]): number[] => [0.2, 0.4, 0.6, 0.8].map((share) => exactQuantile(values, share))
    const today = TODAY / DAY_MS
    const recencyCuts = cuts(days().map((day) => today - day))
    const [frequencyCuts, moneyCuts] = [cuts(counts()), cuts(sums())]
    let differ = 0
    for (const { day, frequency: count, monetaryMinor } of customers) {
      // Days since the last purchase, lowest first: quintile 1 scores 5.
      expect(recencyScoreOf(day, recency.cuts)).toBe(5 - recencyCuts.filter((cut) => today - day > cut).length)
      expect(scoreOf(count, frequency.cuts)).toBe(1 + frequencyCuts.filter((cut) => count > cut).length)
      const exact = 1 + moneyCuts.filter((cut) => monetaryMinor > cut).length
      if (scoreOf(monetaryMinor, monetary.GBP!.cuts) !== exact) differ++
    }
    expect(differ).toBeLessThanOrEqual(10)
  })

  it('ranks within a hundredth of exact ranks', () => {
    const { monetary, frequency } = thresholdsOf(population, { version: 1, asOf: TODAY, bins: 5 })
    const sorted = sums().sort((a, b) => a - b)
    let worst = 0
    for (const { monetaryMinor } of customers.slice(0, 1_000)) {
      const below = sorted.findIndex((sum) => sum >= monetaryMinor)
      worst = Math.max(worst, Math.abs(rankOf(monetaryMinor, monetary.GBP!.grid) - below / sorted.length))
    }
    expect(worst).toBeLessThan(0.01 + monetary.GBP!.rankError)
    // A third of the customers bought once: they share the middle of their ranks.
    const once = counts().filter((count) => count === 1).length / customers.length
    expect(rankOf(1, frequency.grid)).toBeCloseTo(once / 2, 1.5)
  })

  it('puts the shares of customers into segments that the totals of all of them ask for', () => {
    const first = thresholdsOf(population, { version: 1, asOf: TODAY, bins: 5 })
    const total = ({ day, frequency, monetaryMinor }: RetailCustomer): number =>
      recencyScoreOf(day, first.recency.cuts) +
      scoreOf(frequency, first.frequency.cuts) +
      scoreOf(monetaryMinor, first.monetary.GBP!.cuts)
    for (const customer of customers) population.totals.add(total(customer), 1)
    const { segments } = thresholdsOf(population, { version: 2, asOf: TODAY, bins: 5 })
    const totals = customers.map(total)
    const shares = SEGMENTS.map((_, i) => totals.filter((each) => segmentOf(each, 5, segments) === i).length)
    // By definition: mid-ranks below 20 %, 45 % and 70 %, totals of 13 and more apart.
    const midRank = (each: number): number =>
      (totals.filter((other) => other < each).length + totals.filter((other) => other === each).length / 2) /
      totals.length
    const ranks = new Map([...new Set(totals)].map((each) => [each, midRank(each)]))
    const wanted = [0, 0, 0, 0, 0]
    for (const each of totals) {
      const rank = ranks.get(each)!
      wanted[each >= 13 ? 4 : rank >= 0.7 ? 3 : rank >= 0.45 ? 2 : rank >= 0.2 ? 1 : 0]!++
    }
    expect(shares).toEqual(wanted)
    expect(Math.min(...shares)).toBeGreaterThan(100)
  })

  const days = (): number[] => customers.map(({ day }) => day)
  const counts = (): number[] => customers.map(({ frequency }) => frequency)
  const sums = (): number[] => customers.map(({ monetaryMinor }) => monetaryMinor)
})

const moves: fc.Arbitrary<PopulationMove[]> = fc.array(
  fc.record({
    measure: fc.constantFrom(...MEASURES),
    currency: fc.constantFrom('GBP', 'EUR'),
    bucket: fc.integer({ min: -3_386, max: 3_386 }),
    customers: fc.integer({ min: -3, max: 100 }),
  }),
  { maxLength: 60 },
)

describe('a population', () => {
  it('is the same in whatever order deltas come, and however they are combined', () => {
    fc.assert(
      fc.property(moves, moves, (a, b) => {
        const inOrder = new Population()
        inOrder.apply({ moves: a })
        inOrder.apply({ moves: b })
        const merged = new Population()
        merged.apply({ moves: b.toReversed() })
        const other = new Population()
        other.apply({ moves: a.toReversed() })
        merged.merge(other)
        expect(encodePopulation(merged)).toEqual(encodePopulation(inOrder))
      }),
    )
  })

  it('comes back from its bytes', () => {
    fc.assert(
      fc.property(moves, (given) => {
        const population = new Population()
        population.apply({ moves: given })
        const bytes = encodePopulation(population)
        const decoded = decodePopulation(bytes)
        expect(encodePopulation(decoded)).toEqual(bytes)
        expect(decoded.size).toBe(population.size)
      }),
    )
  })

  it('refuses bytes that are cut short, go on, or are of another format', () => {
    const population = new Population()
    population.apply({ moves: [{ measure: 'recency', currency: '', bucket: 15_000, customers: 3 }] })
    const bytes = encodePopulation(population)
    const unreadable = expect.objectContaining({ code: 'STATE_UNREADABLE' })
    expect(() => decodePopulation(bytes.subarray(0, -1))).toThrow(unreadable)
    expect(() => decodePopulation(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(unreadable)
    expect(() => decodePopulation(Buffer.concat([Buffer.from([2]), bytes.subarray(1)]))).toThrow(unreadable)
  })
})

describe('nextThresholds', () => {
  const rule = { minCustomers: 10, bins: 5 }
  const of = (size: number): Population =>
    populationOf(
      Array.from({ length: size }, (_, i) => ({ day: 15_000 + i, frequency: 1 + i, monetaryMinor: 100 * i })),
    )

  it('waits for the least number of customers', () => {
    expect(nextThresholds(of(9), null, TODAY, rule)).toBeNull()
    expect(nextThresholds(of(10), null, TODAY, rule)).toMatchObject({ version: 1, customers: 10, asOf: TODAY })
    expect(nextThresholds(new Population(), null, TODAY, { ...rule, minCustomers: 0 })).toBeNull()
  })

  it('comes again when the population has grown by a quarter, with the next version', () => {
    const first = nextThresholds(of(100), null, TODAY, rule)!
    expect(nextThresholds(of(124), first, TODAY, rule)).toBeNull()
    expect(nextThresholds(of(125), first, TODAY, rule)).toMatchObject({ version: 2, customers: 125 })
  })

  it('comes on a new day, if anything moved', () => {
    const first = nextThresholds(of(100), null, TODAY, rule)!
    expect(nextThresholds(of(101), first, TODAY + DAY_MS - 1, rule)).toBeNull()
    expect(nextThresholds(of(101), first, TODAY + DAY_MS, rule)).toMatchObject({ version: 2 })
    expect(nextThresholds(of(100), first, TODAY + DAY_MS, rule)).toBeNull()
  })

  it('comes as soon as most customers have a total, and with other bins', () => {
    const population = of(100)
    const first = nextThresholds(population, null, TODAY, rule)!
    expect(first.segments).toEqual([7, 9, 11])
    for (let i = 0; i < 90; i++) population.totals.add(3 + (i % 4), 1)
    const second = nextThresholds(population, first, TODAY, rule)!
    expect(second.segments).toEqual([4, 5, 6])
    expect(nextThresholds(population, second, TODAY, rule)).toBeNull()
    expect(nextThresholds(population, second, TODAY, { ...rule, bins: 4 })?.recency.cuts).toHaveLength(3)
  })

  it('comes when all is quiet and totals by the last thresholds say other segments, and only once', () => {
    const population = of(100)
    for (let i = 0; i < 100; i++) population.totals.add(9 + (i % 4), 1)
    const first = nextThresholds(population, null, TODAY, rule)!
    expect(first.segments).toEqual([10, 11, 12])
    for (let i = 0; i < 100; i++) {
      population.totals.add(9 + (i % 4), -1)
      population.totals.add(3 + (i % 4), 1)
    }
    expect(nextThresholds(population, first, TODAY, rule)).toBeNull()
    const second = nextThresholds(population, first, TODAY, { ...rule, isQuiet: true })!
    expect(second).toMatchObject({ version: 2, segments: [4, 5, 6] })
    expect(nextThresholds(population, second, TODAY, { ...rule, isQuiet: true })).toBeNull()
  })

  it('is a record that its readers accept', () => {
    const record = nextThresholds(of(100), null, TODAY, rule)!
    expect(parseThresholds(JSON.parse(JSON.stringify(record)))).toEqual(record)
    expect(() => parseThresholds({ ...record, frequency: { ...record.frequency, grid: [] } })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', details: { field: 'frequency.grid' } }),
    )
  })
})
