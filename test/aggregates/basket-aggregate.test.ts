import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AggregateResult } from '../../aggregates/changes.ts'
import { WindowAggregates } from '../../aggregates/window-aggregates.ts'
import type { CrossSell } from '../../schemas/avro/cross-sell.ts'
import { AggregateBench, DAY, HOUR, PARTITIONS, START } from './aggregate-bench.ts'
import { basket, countsOf, pairsOf } from './baskets.ts'

const WEEK = { start: START, end: START + 7 * DAY }
const MINUTE = 60_000

function pairs(results: Iterable<AggregateResult>): CrossSell[] {
  return [...results].flatMap(({ topic, value }) => (topic === 'cross-sell' && value !== null ? [value] : []))
}

describe('one window', () => {
  test('support, confidence both ways and lift are those of the orders', () => {
    const bench = new AggregateBench()
    for (const names of [['tea', 'milk'], ['milk'], ['milk', 'tea'], ['milk', 'jam'], ['jam']]) {
      bench.aggregates.addBaskets(basket(names), bench.now)
    }
    expect(pairs(bench.flush())).toEqual([
      {
        tenantId: 'shop',
        windowStart: 0,
        windowEnd: null,
        windowHopMs: null,
        level: 'item',
        a: 'milk',
        b: 'tea',
        orders: 2,
        ordersA: 4,
        ordersB: 2,
        totalOrders: 5,
        maxError: 0,
        support: 0.4,
        confidenceAB: 0.5,
        confidenceBA: 1,
        lift: 1.25,
        final: false,
        revision: 0,
        updatedAt: bench.now,
      },
      expect.objectContaining({ a: 'jam', b: 'milk', orders: 1, lift: 5 / 8 }),
    ])
  })

  test('items and categories are counted apart', () => {
    const bench = new AggregateBench()
    bench.aggregates.addBaskets(basket(['1', '2']), bench.now)
    bench.aggregates.addBaskets(basket(['1', '2'], { level: 'category' }), bench.now)
    expect(pairs(bench.flush()).map(({ level, orders }) => [level, orders])).toEqual([
      ['item', 1],
      ['category', 1],
    ])
  })

  test('what an order moved is sent within the interval, what it only shifted within refreshMs', () => {
    const bench = new AggregateBench({ crossSell: { refreshMs: MINUTE } })
    bench.aggregates.addBaskets(basket(['a', 'b']), bench.now)
    bench.aggregates.addBaskets(basket(['c', 'd']), bench.now)
    expect(bench.flush()).toHaveLength(2)
    bench.aggregates.addBaskets(basket(['c', 'd']), bench.now)
    expect(pairs(bench.advance(1000))).toMatchObject([{ a: 'c', orders: 2, totalOrders: 3 }])
    expect(bench.advance(MINUTE - 1001)).toEqual([])
    expect(pairs(bench.advance(1))).toMatchObject([{ a: 'a', orders: 1, totalOrders: 3, lift: 3 }])
    expect(bench.advance(10 * MINUTE)).toEqual([])
  })

  test('pairs that go while all are being sent do not keep the others from being sent again', () => {
    const bench = new AggregateBench({ crossSell: { refreshMs: MINUTE } })
    for (const names of [
      ['a', 'b'],
      ['c', 'd'],
      ['a', 'b'],
    ])
      bench.aggregates.addBaskets(basket(names), bench.now)
    bench.flush()
    bench.now += MINUTE
    bench.aggregates.addBaskets(basket(['e', 'f']), bench.now)
    expect(bench.flush(bench.now, 2)).toHaveLength(2)
    bench.aggregates.addBaskets(basket(['c', 'd'], { orders: -1 }), bench.now)
    bench.aggregates.addBaskets(basket(['e', 'f'], { orders: -1 }), bench.now)
    for (let i = 0; i < 3; i++) bench.advance(MINUTE)
    expect(pairs(bench.results.values())).toMatchObject([{ a: 'a', orders: 2, totalOrders: 2, lift: 1 }])
  })

  test('a restart sends nothing again that did not move', () => {
    const bench = new AggregateBench({ crossSell: { refreshMs: MINUTE } })
    bench.aggregates.addBaskets(basket(['a', 'b']), bench.now)
    bench.flush()
    bench.aggregates.addBaskets(basket(['a', 'b']), bench.now)
    bench.flush()
    expect(bench.advance(1000)).toHaveLength(1)
    bench.restart()
    expect(bench.advance(1000)).toEqual([])
  })

  test('a pair whose orders are all taken back is withdrawn', () => {
    const bench = new AggregateBench()
    bench.aggregates.addBaskets(basket(['a', 'b']), bench.now)
    bench.flush()
    bench.restart()
    bench.aggregates.addBaskets(basket(['a', 'b'], { orders: -1 }), bench.now)
    expect(bench.flush()).toEqual([{ topic: 'cross-sell', key: 'shop/item/0//a+b', value: null }])
    bench.restart()
    expect(bench.advance(10 * MINUTE)).toEqual([])
  })

  test('pairs in a smaller share of the orders than minShare are not sent; half of it holds one that was', () => {
    const bench = new AggregateBench({ crossSell: { minShare: 0.25, refreshMs: MINUTE } })
    const order = (names: string[], times: number): void => {
      for (let i = 0; i < times; i++) bench.aggregates.addBaskets(basket(names), bench.now)
    }
    order(['x', 'y'], 3)
    order(['a', 'b'], 1)
    expect(pairs(bench.flush())).toMatchObject([{ a: 'x' }, { a: 'a', support: 0.25 }])
    order(['c', 'd'], 1)
    order(['x', 'y'], 3)
    // a and b are in an eighth, as c and d are, which never were in a quarter.
    bench.advance(MINUTE)
    expect(pairs(bench.results.values()).map(({ a, support }) => [a, support])).toEqual([
      ['x', 0.75],
      ['a', 0.125],
    ])
    order(['x', 'y'], 1)
    bench.advance(MINUTE)
    bench.advance(MINUTE)
    expect(pairs(bench.results.values()).map(({ a }) => a)).toEqual(['x'])
  })

  test('a refund that leaves fewer orders lets pairs in that are a large enough share of them', () => {
    const bench = new AggregateBench({ crossSell: { minShare: 0.5, refreshMs: MINUTE } })
    for (const names of [['a', 'b'], ['c'], ['d']]) bench.aggregates.addBaskets(basket(names), bench.now)
    expect(bench.flush()).toEqual([])
    bench.aggregates.addBaskets(basket(['d'], { orders: -1 }), bench.now)
    expect(pairs(bench.advance(MINUTE))).toMatchObject([{ a: 'a', support: 0.5 }])
  })

  test('gives way while it counts an order of a thousand items, and while it sends its pairs', () => {
    const bench = new AggregateBench({ crossSell: { maxPairs: 1_000_000 } })
    const large = new WindowAggregates({ partitions: PARTITIONS, settings: () => bench.settings })
    const steps = (generator: Generator): number => {
      let count = 0
      while (!generator.next().done) count++
      return count
    }
    const names = Array.from({ length: 1_000 }, (_, i) => `item-${i}`)
    expect(steps(large.addBaskets(basket(names), bench.now))).toBeGreaterThan(499_500 / 4_096)
    expect(steps(large.flush({ now: bench.now, readUpTo: bench.now }, 10_000))).toBeGreaterThan(499_500 / 8_192)
  })

  test('what is stored grows with what is counted, not with how often it moves', () => {
    const bench = new AggregateBench()
    const names = Array.from({ length: 30 }, (_, i) => `item-${i}`)
    let written = 0
    for (let i = 0; i < 2_000; i++) {
      bench.aggregates.addBaskets(basket([names[i % 30]!, names[(i * 7 + 1) % 30]!]), bench.now)
      bench.advance(1000)
      written += bench.entriesWritten
    }
    expect(written).toBeGreaterThan(4_000)
    expect(bench.state.size).toBeLessThan(700)
    const before = bench.results
    bench.restart()
    bench.aggregates.addBaskets(basket(names), bench.now)
    bench.advance(2 * MINUTE)
    for (const [key, { value }] of before) {
      const again = bench.results.get(key)!.value as CrossSell
      expect(again.totalOrders).toBe(2_001)
      expect(again.orders).toBeGreaterThanOrEqual((value as CrossSell).orders)
    }
  })

  test('pairs below minOrders are not sent, and withdrawn when they fall below it', () => {
    const bench = new AggregateBench({ crossSell: { minOrders: 2 } })
    bench.aggregates.addBaskets(basket(['a', 'b']), bench.now)
    expect(bench.flush()).toEqual([])
    bench.aggregates.addBaskets(basket(['a', 'b']), bench.now)
    expect(pairs(bench.advance(1000))).toMatchObject([{ orders: 2 }])
    bench.aggregates.addBaskets(basket(['a', 'b'], { orders: -1 }), bench.now)
    expect(bench.advance(1000)).toMatchObject([{ value: null }])
  })

  test('sends what is due in portions, each pair once', () => {
    const bench = new AggregateBench()
    bench.aggregates.addBaskets(basket(Array.from({ length: 20 }, (_, i) => `item-${i}`)), bench.now)
    const portions = [100, 90, 0].map((count) => [count, pairs(bench.flush(bench.now, 100))] as const)
    for (const [count, sent] of portions) expect(sent).toHaveLength(count)
    expect(new Set(portions.flatMap(([, sent]) => sent.map(({ a, b }) => `${a}+${b}`))).size).toBe(190)
  })

  test('with too few places counts are too low by maxError at most, and pairs that go are withdrawn', () => {
    const bench = new AggregateBench({ crossSell: { maxPairs: 16, maxItems: 16 } })
    const orders: string[][] = []
    for (let i = 0; i < 300; i++) {
      orders.push(i % 3 === 0 ? ['milk', 'tea'] : [`x${(i * 7) % 19}`, `y${(i * 5) % 23}`, 'milk'])
      bench.aggregates.addBaskets(basket(orders[i]!), bench.now)
      bench.advance(1000)
    }
    bench.advance(2 * MINUTE)
    const truth = pairsOf(orders)
    const kept = pairs(bench.results.values())
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length).toBeLessThanOrEqual(16)
    for (const pair of kept) {
      const exact = truth.get(`${pair.a}+${pair.b}`)!
      for (const field of ['orders', 'ordersA', 'ordersB'] as const) {
        expect(pair[field]).toBeLessThanOrEqual(exact[field])
        expect(pair[field] + pair.maxError).toBeGreaterThanOrEqual(exact[field])
      }
    }
    expect(kept).toContainEqual(
      expect.objectContaining({ a: 'milk', b: 'tea', orders: 100, maxError: expect.any(Number) }),
    )
  })
})

describe('closing', () => {
  const settings = { windows: { graceMs: HOUR, keptMs: DAY }, crossSell: { refreshMs: MINUTE } }
  const windows = [WEEK]

  function closed(): AggregateBench {
    const bench = new AggregateBench(settings)
    bench.aggregates.addBaskets(basket(['a', 'b'], { windows }), bench.now)
    bench.aggregates.addBaskets(basket(['c', 'd'], { windows }), bench.now)
    bench.flush()
    const streamTime = WEEK.end + HOUR
    for (let source = 0; source < PARTITIONS; source++) {
      bench.aggregates.addBaskets({ ...basket([], { source, streamTime }), windows: [], baskets: [] }, bench.now)
    }
    return bench
  }

  test('gives one final result a pair, also over a restart half-way', () => {
    const bench = closed()
    bench.now += 1000
    const sent = pairs(bench.flush(bench.now, 1))
    bench.restart()
    sent.push(...pairs(bench.advance(1000)))
    expect(sent.map(({ a, final, revision, totalOrders }) => [a, final, revision, totalOrders]).sort()).toEqual([
      ['a', true, 0, 2],
      ['c', true, 0, 2],
    ])
    expect(bench.advance(10 * MINUTE)).toEqual([])
  })

  test('an order after it corrects all pairs, as it moves the lift of all', () => {
    const bench = closed()
    bench.advance(1000)
    bench.aggregates.addBaskets(basket(['a', 'b'], { windows }), bench.now)
    bench.advance(MINUTE)
    const corrected = pairs(bench.results.values())
    expect(
      corrected.map(({ a, orders, totalOrders, final, revision }) => [a, orders, totalOrders, final, revision]),
    ).toEqual([
      ['a', 2, 3, true, 1],
      ['c', 1, 3, true, 1],
    ])
    expect(bench.sent.filter(({ value }) => (value as CrossSell).revision === 1)).toHaveLength(2)
  })

  test('a pair that went and came again after it waits for the next correction, also over a restart', () => {
    const bench = closed()
    bench.advance(1000)
    bench.aggregates.addBaskets(basket(['a', 'b'], { windows, orders: -1 }), bench.now)
    bench.aggregates.addBaskets(basket(['a', 'b'], { windows }), bench.now)
    bench.flush(bench.now, 0)
    bench.restart()
    bench.advance(1000)
    bench.advance(2 * MINUTE)
    const revisions = bench.sent.flatMap(({ key, value }) =>
      key.endsWith('a+b') && value !== null && (value as CrossSell).final ? [(value as CrossSell).revision] : [],
    )
    expect(revisions).toEqual([0, 1])
  })

  test('a pair that went and came again while final results are being sent has each revision once', () => {
    const bench = closed()
    bench.aggregates.addBaskets(basket(['e', 'f'], { windows }), bench.now)
    bench.now += 1000
    bench.flush(bench.now, 2)
    // Their slots are free now, and the last one that is freed is the first one that is used again.
    for (const names of [
      ['a', 'b'],
      ['e', 'f'],
    ])
      bench.aggregates.addBaskets(basket(names, { windows, orders: -1 }), bench.now)
    bench.aggregates.addBaskets(basket(['a', 'b'], { windows }), bench.now)
    bench.flush(bench.now, 0)
    bench.restart()
    for (let i = 0; i < 3; i++) bench.advance(2 * MINUTE)
    const revisions = bench.sent.flatMap(({ key, value }) =>
      key.endsWith('a+b') && value !== null && (value as CrossSell).final ? [(value as CrossSell).revision] : [],
    )
    expect(revisions).toEqual([0, 1])
    expect(pairs(bench.results.values()).map(({ a, revision }) => `${a} ${revision}`)).toEqual(['a 1', 'c 1'])
  })

  test('leaves nothing behind when the window goes, and refuses what still comes', () => {
    const bench = closed()
    bench.advance(1000)
    bench.advance(DAY)
    expect([...bench.state.keys()].filter((key) => key.includes('/s/'))).toEqual([])
    bench.restart()
    expect(bench.aggregates.addBaskets(basket(['a', 'b'], { windows }), bench.now)).toMatchObject({
      reason: 'WINDOW_GONE',
    })
    expect(bench.advance(MINUTE)).toEqual([])
  })
})

describe('results of a window that is closed', () => {
  function closed(resultsKeptMs: number): AggregateBench {
    const windowSettings = { graceMs: 0, keptMs: DAY, resultsKeptMs }
    const bench = new AggregateBench({ windows: windowSettings, crossSell: { minShare: 0.3 } })
    const windows = [WEEK, { start: 0, end: null }]
    for (const names of [['a', 'b'], ['c', 'd'], ['c', 'd'], ['e'], ['a', 'b'], ['f', 'g']]) {
      bench.aggregates.addBaskets(basket(names, { windows }), bench.now)
    }
    for (let source = 0; source < PARTITIONS; source++) {
      bench.aggregates.addBaskets({ ...basket([], { source, streamTime: WEEK.end }), baskets: [] }, bench.now)
    }
    for (let i = 0; i < 3; i++) bench.advance(MINUTE)
    return bench
  }

  const left = (bench: AggregateBench): (string | null)[] =>
    pairs(bench.results.values()).map(({ a, windowEnd }) => `${a} ${windowEnd}`)
  const ALL = [`a ${WEEK.end}`, 'a null', `c ${WEEK.end}`, 'c null']

  test('outlive it by resultsKeptMs, also over restarts, and are then taken back, in portions; those since ever stay', () => {
    const bench = closed(30 * DAY)
    bench.advance(DAY)
    bench.restart()
    bench.advance(28 * DAY)
    expect(left(bench).sort()).toEqual(ALL)
    bench.restart()
    bench.now += DAY
    expect(bench.flush(bench.now, 0)).toEqual([])
    const taken = bench.flush()
    expect(taken.map(({ key, value }) => [key, value])).toEqual([
      [`shop/item/${WEEK.start}/${WEEK.end}/a+b`, null],
      [`shop/item/${WEEK.start}/${WEEK.end}/c+d`, null],
    ])
    expect(left(bench).sort()).toEqual(['a null', 'c null'])
    bench.restart()
    expect(bench.advance(30 * DAY)).toEqual([])
    expect([...bench.state.keys()].filter((key) => key.includes(`${WEEK.end}`))).toEqual([])
  })

  test('stay as long as the window itself where resultsKeptMs is less than keptMs', () => {
    const bench = closed(0)
    bench.advance(DAY / 2)
    expect(left(bench).sort()).toEqual(ALL)
    bench.advance(DAY)
    bench.advance(MINUTE)
    expect(left(bench).sort()).toEqual(['a null', 'c null'])
  })
})

test('whatever the order of orders, refunds, flushes, limits and restarts, all results are those of brute force', () => {
  const NAMES = ['a', 'b', 'c+d', 'e/f', 'ü']
  const order = fc.record({
    kind: fc.constant('order' as const),
    names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 }),
    isDated: fc.boolean(),
  })
  const step = fc.oneof(
    order,
    order,
    fc.record({ kind: fc.constant('refund' as const), which: fc.nat() }),
    fc.record({ kind: fc.constant('flush' as const), limit: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1, 1000, 30_000) }),
    fc.record({ kind: fc.constant('restart' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = new AggregateBench({ windows: { keptMs: 366 * DAY, idleMs: 10 * MINUTE } })
      const live: { names: string[]; isDated: boolean }[] = []
      const windowsOf = (isDated: boolean) => [{ start: 0, end: null }, ...(isDated ? [WEEK] : [])]
      for (const each of steps) {
        if (each.kind === 'advance') bench.advance(each.ms)
        else if (each.kind === 'flush') bench.flush(bench.now, each.limit)
        else if (each.kind === 'restart') {
          bench.flush(bench.now, 0)
          bench.restart()
        } else if (each.kind === 'order') {
          bench.aggregates.addBaskets(basket(each.names, { windows: windowsOf(each.isDated) }), bench.now)
          live.push(each)
        } else if (live.length > 0) {
          const [{ names, isDated }] = live.splice(each.which % live.length, 1) as [(typeof live)[number]]
          bench.aggregates.addBaskets(basket(names, { windows: windowsOf(isDated), orders: -1 }), bench.now)
        }
      }
      for (let i = 0; i < 3; i++) bench.advance(10 * MINUTE)
      const found = pairs(bench.results.values())
      for (const windowEnd of [null, WEEK.end]) {
        const orders = live.filter(({ isDated }) => windowEnd === null || isDated).map(({ names }) => names)
        const mine = found.filter((pair) => pair.windowEnd === windowEnd)
        expect(new Map(mine.map((pair) => [`${pair.a}+${pair.b}`, countsOf(pair)]))).toEqual(pairsOf(orders))
        expect(new Set(mine.map(({ final }) => final))).toEqual(new Set(mine.length === 0 ? [] : [windowEnd !== null]))
      }
      const finals = bench.sent.flatMap(({ key, value }) =>
        (value as CrossSell | null)?.final ? [`${key} ${(value as CrossSell).revision}`] : [],
      )
      expect(new Set(finals).size).toBe(finals.length)
    }),
    { numRuns: 300 },
  )
})
