import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OTHER_GROUPS } from '../../aggregates/nps-aggregate.ts'
import type { Nps } from '../../schemas/avro/nps.ts'
import type { NpsDelta } from '../../schemas/avro/nps-delta.ts'
import { AggregateBench, DAY, HOUR, PARTITIONS, START } from './aggregate-bench.ts'

const DAY_ONE = { start: START, end: START + DAY }
const SINCE_EVER = { start: 0, end: null }
const CLOSED = START + 2 * DAY

type Counts = [promoters: number, passives: number, detractors: number]

interface DeltaFields {
  source?: number
  streamTime?: number
  window?: { start: number; end: number | null }
  group?: [key: string, value: string] | null
}

function delta([promoters, passives, detractors]: Counts, fields: DeltaFields = {}): NpsDelta {
  const { source = 0, streamTime = START + HOUR, window = DAY_ONE, group = null } = fields
  const [key, value] = group ?? [null, null]
  const groups = [{ key, value, promoters, passives, detractors }]
  return { tenantId: 'shop', source, streamTime, windows: [{ ...window, groups }] }
}

function npsOf(results: readonly { value: unknown }[]): Nps[] {
  return results.map(({ value }) => value as Nps)
}

describe('one window', () => {
  test('counts, score, interval and band are those of the answers', () => {
    const bench = new AggregateBench()
    bench.aggregates.addNps(delta([3, 1, 1]), bench.now)
    expect(npsOf(bench.flush())).toMatchObject([
      {
        tenantId: 'shop',
        surveyKind: 'NPS',
        groupKey: null,
        groupValue: null,
        windowStart: START,
        windowEnd: START + DAY,
        windowHopMs: DAY,
        promoters: 3,
        passives: 1,
        detractors: 1,
        total: 5,
        nps: 40,
        band: 'good',
        final: false,
        revision: 0,
        updatedAt: bench.now,
      },
    ])
  })

  test('a result that goes to nothing says so', () => {
    const bench = new AggregateBench()
    bench.aggregates.addNps(delta([1, 0, 0]), bench.now)
    bench.flush()
    bench.aggregates.addNps(delta([-1, 0, 0]), bench.now)
    expect(npsOf(bench.advance(1000))).toMatchObject([{ total: 0, nps: null, npsLow: null, npsHigh: null, band: null }])
  })

  test('is sent at most once an interval, and only when it moved', () => {
    const bench = new AggregateBench()
    bench.aggregates.addNps(delta([1, 0, 0]), bench.now)
    expect(bench.flush()).toHaveLength(1)
    bench.aggregates.addNps(delta([1, 0, 0]), bench.now)
    expect(bench.advance(999)).toEqual([])
    bench.aggregates.addNps(delta([1, 0, 0]), bench.now)
    expect(npsOf(bench.advance(1))).toMatchObject([{ promoters: 3 }])
    expect(bench.advance(10_000)).toEqual([])
  })

  test('more groups than allowed are counted together', () => {
    const bench = new AggregateBench({ nps: { maxGroups: 2 } })
    for (const value of ['north', 'south', 'east', 'west', 'north']) {
      bench.aggregates.addNps(delta([1, 0, 0], { group: ['region', value] }), bench.now)
      bench.advance(1000)
      bench.restart()
    }
    const newest = [...bench.results.values()].map(({ value }) => value as Nps)
    expect(newest.map(({ groupValue, promoters }) => [groupValue, promoters])).toEqual([
      ['north', 2],
      ['south', 1],
      [OTHER_GROUPS, 2],
    ])
  })
})

describe('closing', () => {
  const settings = { windows: { graceMs: HOUR, idleMs: 60_000, keptMs: DAY } }

  /** Every source has spoken, and stands at this time. */
  function allAt(bench: AggregateBench, streamTime: number): void {
    for (let source = 0; source < PARTITIONS; source++) {
      bench.aggregates.addNps({ tenantId: 'shop', source, streamTime, windows: [] }, bench.now)
    }
  }

  test('a window closes when every source is past its end and the grace, with one final result', () => {
    const bench = new AggregateBench(settings)
    bench.aggregates.addNps(delta([1, 0, 0]), bench.now)
    allAt(bench, START + DAY + HOUR - 1)
    expect(npsOf(bench.flush())).toMatchObject([{ final: false }])
    for (const source of [0, 1]) {
      bench.aggregates.addNps({ tenantId: 'shop', source, streamTime: START + DAY + HOUR, windows: [] }, bench.now)
    }
    expect(bench.advance(1000)).toEqual([])
    bench.aggregates.addNps({ tenantId: 'shop', source: 2, streamTime: START + DAY + HOUR, windows: [] }, bench.now)
    expect(npsOf(bench.advance(1000))).toMatchObject([{ final: true, revision: 0, promoters: 1 }])
    expect(bench.advance(10_000)).toEqual([])
  })

  test('since-ever never closes', () => {
    const bench = new AggregateBench(settings)
    bench.aggregates.addNps(delta([1, 0, 0], { window: SINCE_EVER }), bench.now)
    expect(npsOf(bench.flush())).toMatchObject([{ windowStart: 0, windowEnd: null, windowHopMs: null, final: false }])
    expect(bench.advance(1000 * DAY)).toEqual([])
  })

  test('sources that say nothing do not hold a window open, once they were quiet for idleMs', () => {
    const bench = new AggregateBench(settings)
    bench.aggregates.addNps(delta([1, 0, 0]), bench.now)
    bench.flush()
    expect(bench.advance(59_999)).toEqual([])
    expect(npsOf(bench.advance(1))).toMatchObject([{ final: true }])
  })

  test('a source that goes on speaking holds a window open by its own time', () => {
    const bench = new AggregateBench(settings)
    bench.aggregates.addNps(delta([1, 0, 0]), bench.now)
    for (let i = 0; i < 5; i++) {
      bench.advance(50_000)
      bench.aggregates.addNps({ tenantId: 'shop', source: 0, streamTime: START + HOUR, windows: [] }, bench.now)
    }
    bench.advance(50_000)
    expect(npsOf(bench.sent).map(({ final }) => final)).toEqual([false])
  })

  test('a task that catches up does not take its sources for idle', () => {
    const bench = new AggregateBench(settings)
    const written = bench.now
    bench.aggregates.addNps(delta([1, 0, 0]), written)
    bench.now += DAY
    expect(npsOf(bench.flush(written))).toMatchObject([{ final: false }])
    bench.now += 1000
    bench.aggregates.addNps(delta([1, 0, 0]), written + 1000)
    expect(npsOf(bench.flush(written + 1000))).toMatchObject([{ final: false, promoters: 2 }])
    expect(npsOf(bench.advance(1000))).toMatchObject([{ final: true, promoters: 2 }])
  })

  test('a delta after the close gives a corrected final, only of what it moved', () => {
    const bench = new AggregateBench(settings)
    bench.aggregates.addNps(delta([1, 0, 0]), bench.now)
    bench.aggregates.addNps(delta([1, 0, 0], { group: ['plan', 'pro'] }), bench.now)
    allAt(bench, CLOSED)
    expect(npsOf(bench.flush())).toMatchObject([{ final: true }, { final: true }])
    bench.restart()
    bench.aggregates.addNps(delta([0, 0, 1]), bench.now)
    expect(npsOf(bench.advance(1000))).toMatchObject([
      { groupKey: null, final: true, revision: 1, promoters: 1, detractors: 1, nps: 0 },
    ])
    bench.restart()
    bench.aggregates.addNps(delta([0, 0, 1]), bench.now)
    expect(npsOf(bench.advance(1000))).toMatchObject([{ final: true, revision: 2 }])
  })

  test('when a closed window is gone its state is gone too, and a delta for it is refused', () => {
    const bench = new AggregateBench(settings)
    bench.aggregates.addNps(delta([1, 0, 0]), bench.now)
    bench.aggregates.addNps(delta([1, 0, 0], { window: SINCE_EVER }), bench.now)
    allAt(bench, CLOSED)
    bench.flush()
    bench.advance(DAY)
    expect([...bench.state.keys()]).toEqual(['shop/nps/g/0//', 'shop/nps', `shop/nps/r/${START}/${START + DAY}/0`])
    bench.restart()
    const late = delta([1, 0, 0])
    late.windows.push({ ...delta([1, 0, 0], { window: SINCE_EVER }).windows[0]! })
    expect(bench.aggregates.addNps(late, bench.now)).toEqual({
      reason: 'WINDOW_GONE',
      error: `shop/nps: windows ${START}-${START + DAY} are closed and no longer kept`,
    })
    expect(npsOf(bench.advance(1000))).toMatchObject([{ windowEnd: null, promoters: 2 }])
  })

  test('results of a closed window are taken back after resultsKeptMs, once, and those since ever stay', () => {
    const bench = new AggregateBench({ windows: { graceMs: HOUR, keptMs: DAY, resultsKeptMs: 3 * DAY } })
    bench.aggregates.addNps(delta([1, 0, 0]), bench.now)
    bench.aggregates.addNps(delta([1, 0, 0], { group: ['plan', 'a/b'] }), bench.now)
    bench.aggregates.addNps(delta([1, 0, 0], { window: SINCE_EVER }), bench.now)
    allAt(bench, START + DAY + HOUR)
    bench.flush()
    bench.advance(2 * DAY)
    bench.restart()
    expect(bench.advance(DAY - 1)).toEqual([])
    const taken = bench.advance(1)
    expect(taken.map(({ topic, key, value }) => [topic, key, value])).toEqual([
      ['nps', `shop/NPS/${START}/${START + DAY}/`, null],
      ['nps', `shop/NPS/${START}/${START + DAY}/plan=a%2Fb`, null],
    ])
    bench.restart()
    expect(bench.advance(10 * DAY)).toEqual([])
    expect([...bench.state.keys()]).toEqual(['shop/nps/g/0//', 'shop/nps'])
  })
})

test('whatever the order of deltas, flushes, limits and restarts, the results are the sums', () => {
  const counts = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }), fc.nat({ max: 3 }))
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('delta' as const),
      counts,
      day: fc.nat({ max: 3 }),
      source: fc.nat({ max: PARTITIONS - 1 }),
      group: fc.constantFrom(null, ['plan', 'pro'], ['plan', 'a/b=c+%'], ['région', '']),
    }),
    fc.record({ kind: fc.constant('flush' as const), limit: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1, 1000, 61_000) }),
    fc.record({ kind: fc.constant('restart' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = new AggregateBench({ windows: { graceMs: 0, keptMs: 366 * DAY } })
      const truth = new Map<string, Counts>()
      for (const each of steps) {
        if (each.kind === 'advance') bench.advance(each.ms)
        else if (each.kind === 'flush') bench.flush(bench.now, each.limit)
        else if (each.kind === 'restart') {
          bench.flush(bench.now, 0)
          bench.restart()
        } else {
          const start = START + each.day * DAY
          const group = each.group as [string, string] | null
          const fields = { source: each.source, streamTime: start, window: { start, end: start + DAY }, group }
          expect(bench.aggregates.addNps(delta(each.counts, fields), bench.now)).toBeNull()
          const key = JSON.stringify([start, group])
          const before = truth.get(key) ?? [0, 0, 0]
          truth.set(key, before.map((count, i) => count + each.counts[i]!) as Counts)
        }
      }
      for (let i = 0; i < 3; i++) bench.advance(61_000)
      const found = [...bench.results.values()].map(({ value }) => {
        const { windowStart, groupKey, groupValue, promoters, passives, detractors, final } = value as Nps
        expect(final).toBe(true)
        const group = groupKey === null ? null : [groupKey, groupValue]
        return [JSON.stringify([windowStart, group]), [promoters, passives, detractors]] as const
      })
      expect(new Map(found)).toEqual(truth)
      const finals = bench.sent.filter(({ value }) => (value as Nps).final)
      const revisions = finals.map(({ key, value }) => `${key} ${(value as Nps).revision}`)
      expect(new Set(revisions).size).toBe(revisions.length)
    }),
  )
})
