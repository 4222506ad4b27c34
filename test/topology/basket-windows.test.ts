import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CrossSell } from '../../schemas/avro/cross-sell.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import { DAY, HOUR, START } from '../aggregates/aggregate-bench.ts'
import { countsOf, pairsOf } from '../aggregates/baskets.ts'
import { transaction } from '../processors/build-event.ts'
import reference from './groceries-rules.json' with { type: 'json' }
import { WindowRun } from './window-run.ts'

const EVER_ONLY = { tumblingMs: [], hopping: [] }

type Line = [itemId: string, category?: string | null, quantity?: number]

const lines = (...all: Line[]): Transaction['lines'] =>
  all.map(([itemId, category = null, quantity = 1]) => ({ itemId, category, quantity, unitPriceMinor: 100 }))

function pairsIn(run: WindowRun, level: 'item' | 'category', windowEnd: number | null = null): Map<string, object> {
  // A task that was restarted counts the time to the next round from its first look at the clock.
  run.bench.advance(1_000)
  run.bench.advance(120_000)
  const found = [...run.bench.results.values()].flatMap(({ value }) => (value === null ? [] : [value as CrossSell]))
  const mine = found.filter((pair) => pair.level === level && pair.windowEnd === windowEnd)
  return new Map(mine.map((pair) => [`${pair.a}+${pair.b}`, countsOf(pair)]))
}

describe('an order', () => {
  test('counts each item and each category once', () => {
    const run = new WindowRun({ crossSell: EVER_ONLY })
    const bought = lines(['tea', 'drinks'], ['tea', 'drinks', 3], ['milk', 'drinks'], ['jam', 'sweets'], ['pen'])
    run.batch((driver) => driver.pipe('transactions', transaction({ lines: bought })))
    expect(pairsIn(run, 'item')).toEqual(pairsOf([['tea', 'milk', 'jam', 'pen']]))
    expect(pairsIn(run, 'category')).toEqual(pairsOf([['drinks', 'sweets']]))
  })

  test('in several purchases is one order', () => {
    const run = new WindowRun({ crossSell: EVER_ONLY })
    for (const item of ['a', 'b', 'c', 'a']) {
      run.batch((driver) => driver.pipe('transactions', transaction({ orderId: 'o-1', lines: lines([item]) })))
    }
    expect(pairsIn(run, 'item')).toEqual(pairsOf([['a', 'b', 'c']]))
  })

  test('with a name that is too long is a dead letter of stage window, and scored', () => {
    const run = new WindowRun({ crossSell: EVER_ONLY })
    run.batch((driver) => driver.pipe('transactions', transaction({ lines: lines(['a'], ['b'.repeat(257)]) })))
    expect(run.driver.read('dead-letters')).toMatchObject([{ stage: 'window', reason: 'NAME_TOO_LONG' }])
    expect(pairsIn(run, 'item').size).toBe(0)
  })

  test('with more items than allowed is a dead letter of stage window, and scored', () => {
    const run = new WindowRun({ crossSell: { ...EVER_ONLY, maxOrderItems: 2 } })
    run.batch((driver) => driver.pipe('transactions', transaction({ lines: lines(['a'], ['b'], ['c']) })))
    expect(run.driver.read('dead-letters')).toMatchObject([{ stage: 'window', reason: 'ORDER_TOO_LARGE' }])
    expect(run.driver.state('shop', 'ada')!.purchases).toBe(1)
    expect(pairsIn(run, 'item').size).toBe(0)
  })

  test('beyond the grace counts since ever only', () => {
    const run = new WindowRun({ windows: { graceMs: HOUR }, crossSell: { tumblingMs: [DAY] } })
    run.batch((driver) => {
      driver.pipe('transactions', transaction({ occurredAt: START + 2 * DAY, customerId: 'ben' }))
      driver.pipe('transactions', transaction({ occurredAt: START, lines: lines(['a'], ['b']) }))
    })
    expect(run.driver.read('dead-letters')).toMatchObject([{ stage: 'window', reason: 'LATE' }])
    expect(pairsIn(run, 'item')).toEqual(pairsOf([['a', 'b']]))
    expect(pairsIn(run, 'item', START + DAY).size).toBe(0)
  })
})

describe('a refund', () => {
  const bought = lines(['a', 'x', 2], ['b', 'y'], ['c', 'x'])
  const whole = ['a', 'b', 'c']

  test.each<[string, Partial<Transaction>, string[]]>([
    ['of all the money takes the order back', { amountMinor: 2500 }, []],
    ['of some of the money says nothing about the items', { amountMinor: 2499 }, whole],
    ['in another currency says nothing about the items', { amountMinor: 2500, currency: 'EUR' }, whole],
    ['of another order takes nothing back', { orderId: 'o-2' }, whole],
    ['without an order id takes nothing back', { orderId: null }, whole],
    ['with lines takes these items back', { amountMinor: 0, lines: lines(['b']) }, ['a', 'c']],
    ['of fewer pieces than were bought leaves the item', { amountMinor: 0, lines: lines(['a']) }, whole],
    ['of all pieces takes the item back', { amountMinor: 0, lines: lines(['a'], ['a'], ['zzz']) }, ['b', 'c']],
  ])('%s', (_, fields, left) => {
    const run = new WindowRun({ crossSell: EVER_ONLY })
    run.batch((driver) => {
      driver.pipe('transactions', transaction({ orderId: 'o-1', lines: bought }))
      driver.pipe('transactions', transaction({ orderId: 'o-0', lines: lines(['a'], ['b']) }))
    })
    run.batch((driver) => driver.pipe('transactions', transaction({ type: 'REFUND', orderId: 'o-1', ...fields })))
    const orders = [left, ['a', 'b']].filter((names) => names.length > 0)
    expect(pairsIn(run, 'item')).toEqual(pairsOf(orders))
  })

  test('in parts takes the order back when all is paid back', () => {
    const run = new WindowRun({ crossSell: EVER_ONLY })
    const refund = { type: 'REFUND', orderId: 'o-1', amountMinor: 1250 } as const
    run.batch((driver) => {
      driver.pipe('transactions', transaction({ orderId: 'o-1', lines: bought }))
      driver.pipe('transactions', transaction(refund))
    })
    expect(pairsIn(run, 'item')).toEqual(pairsOf([whole]))
    run.batch((driver) => driver.pipe('transactions', transaction(refund)))
    expect(pairsIn(run, 'item').size).toBe(0)
    expect(run.driver.state('shop', 'ada')!.keptOrders.length).toBe(0)
  })

  test('takes nothing from a window that is closed, and is no dead letter', () => {
    const run = new WindowRun({ windows: { graceMs: 0, keptMs: 366 * DAY }, crossSell: { tumblingMs: [DAY] } })
    run.batch((driver) => {
      driver.pipe('transactions', transaction({ orderId: 'o-1', occurredAt: START, lines: bought }))
    })
    run.batch((driver) => {
      driver.pipe('transactions', transaction({ occurredAt: START + 2 * DAY }))
      driver.pipe('transactions', transaction({ type: 'REFUND', orderId: 'o-1', occurredAt: START + 2 * DAY }))
    })
    expect(pairsIn(run, 'item').size).toBe(0)
    expect(pairsIn(run, 'item', START + DAY)).toEqual(pairsOf([whole]))
    expect(run.driver.read('dead-letters')).toEqual([])
  })

  test('of an order that is no longer kept takes nothing back', () => {
    const run = new WindowRun({ crossSell: { ...EVER_ONLY, orders: 1 } })
    run.batch((driver) => {
      driver.pipe('transactions', transaction({ orderId: 'o-1', lines: bought }))
      driver.pipe('transactions', transaction({ orderId: 'o-2', lines: lines(['b'], ['c']) }))
      driver.pipe('transactions', transaction({ type: 'REFUND', orderId: 'o-1' }))
    })
    expect(pairsIn(run, 'item')).toEqual(pairsOf([whole, ['b', 'c']]))
  })
})

test('500 lines are an order like any other, and can be taken back', () => {
  const run = new WindowRun({ crossSell: { ...EVER_ONLY, maxPairs: 125_000 } })
  const many = lines(...Array.from({ length: 500 }, (_, i): Line => [`item-${i}`, `category-${i % 20}`]))
  run.batch((driver) => driver.pipe('transactions', transaction({ orderId: 'o-1', lines: many })))
  expect(pairsIn(run, 'item').size).toBe((500 * 499) / 2)
  expect(pairsIn(run, 'category').size).toBe((20 * 19) / 2)
  run.batch((driver) => driver.pipe('transactions', transaction({ orderId: 'o-1', type: 'REFUND' })))
  expect(pairsIn(run, 'item').size).toBe(0)
})

test('shuffled, late and repeated orders and refunds count as brute force counts them', () => {
  const step = fc.record({
    customerId: fc.constantFrom('ada', 'ben'),
    isRefund: fc.boolean(),
    order: fc.nat({ max: 3 }),
    items: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 }),
    occurredAt: fc.integer({ min: 0, max: 72 }).map((hours) => START + hours * HOUR),
    isRepeated: fc.boolean(),
  })
  const settings = { windows: { graceMs: 12 * HOUR, keptMs: 366 * DAY }, crossSell: { tumblingMs: [DAY] } }
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), (steps, batchSize) => {
      const run = new WindowRun(settings)
      const known = new Map<string, { at: number; items: Set<string> }>()
      const windows = new Map<number | null, Map<string, Set<string>>>()
      const events: Transaction[] = []
      let streamTime = -1
      for (const [i, { customerId, isRefund, order, items, occurredAt, isRepeated }] of steps.entries()) {
        const bought = lines(...items.map((item): Line => [item]))
        const event = transaction({
          eventId: `e-${i}`,
          customerId,
          type: isRefund ? 'REFUND' : 'PURCHASE',
          orderId: `${order}`,
          amountMinor: 0,
          occurredAt,
          lines: bought,
        })
        events.push(event, ...(isRepeated ? [event] : []))
        const id = `${customerId} ${order}`
        const before = known.get(id)
        const at = before?.at ?? occurredAt
        // In purchases each item is bought once only, so that a refund of it takes it back.
        if (isRefund) {
          if (before !== undefined) for (const item of items) before.items.delete(item)
          if (before?.items.size === 0) known.delete(id)
        } else {
          event.lines = event.lines.filter(({ itemId }) => !before?.items.has(itemId))
          known.set(id, { at, items: new Set([...(before?.items ?? []), ...items]) })
        }
        const now = known.get(id)
        for (const end of [null, START + Math.floor((at - START) / DAY) * DAY + DAY]) {
          if (end !== null && streamTime >= end + 12 * HOUR) continue
          const orders = windows.get(end) ?? new Map<string, Set<string>>()
          windows.set(end, orders)
          // An order that was taken back whole may come again under its id: another order.
          if (now === undefined) orders.delete(`${id} ${at}`)
          else orders.set(`${id} ${at}`, new Set(now.items))
        }
        streamTime = Math.max(streamTime, occurredAt)
      }
      for (let i = 0; i < events.length; i += batchSize) {
        run.batch((driver) => {
          for (const event of events.slice(i, i + batchSize)) driver.pipe('transactions', event)
        })
        run.bench.restart()
      }
      for (const [end, orders] of windows) {
        const expected = pairsOf([...orders.values()].map((items) => [...items]))
        expect([end, pairsIn(run, 'item', end)]).toEqual([end, expected])
      }
    }),
    { numRuns: 200 },
  )
})

/**
 * Groceries (Hahsler, Hornik and Reutterer, 2006; R package arules, GPL): not shipped here. groceries-rules.json holds
 * what another library, mlxtend 0.23.4, finds in it by apriori(min_support = .006) and association_rules(confidence .25):
 * 463 rules with one consequent, of them 150 of two items (467 with longer consequents).
 */
const DATA = process.env['EVERSCORE_TEST_DATA']
const FILE = DATA === undefined ? null : join(DATA, 'groceries_long.csv.gz')

describe.skipIf(FILE === null || !existsSync(FILE))(
  'Groceries (EVERSCORE_TEST_DATA names the folder of groceries_long.csv.gz)',
  () => {
    test('the rules of two items are those that mlxtend finds', () => {
      const [, ...rows] = gunzipSync(readFileSync(FILE!)).toString().trim().split('\n')
      const baskets = new Map<string, string[]>()
      for (const row of rows) {
        const [id, item] = row.trim().split(/,(.*)/) as [string, string]
        const name = item.replace(/^"|"$/g, '')
        baskets.set(id, [...(baskets.get(id) ?? []), name])
      }
      expect([baskets.size, rows.length / baskets.size]).toEqual([reference.orders, expect.closeTo(4.409456, 6)])
      const run = new WindowRun({ crossSell: EVER_ONLY })
      const orders = [...baskets.values()]
      for (let i = 0; i < orders.length; i += 1000) {
        run.batch((driver) => {
          for (const [j, items] of orders.slice(i, i + 1000).entries()) {
            const bought = lines(...items.map((item): Line => [item]))
            driver.pipe(
              'transactions',
              transaction({ customerId: `c-${i + j}`, occurredAt: START + i + j, lines: bought }),
            )
          }
        })
      }
      run.bench.advance(120_000)
      // Null: a pair that crossSell.minShare has taken back, far below the least support of the rules.
      const pairs = [...run.bench.results.values()].flatMap(({ value }) => (value === null ? [] : [value as CrossSell]))
      expect(pairs.every(({ maxError, totalOrders }) => maxError === 0 && totalOrders === reference.orders)).toBe(true)
      expect(pairs.find(({ b }) => b === 'whole milk')!.ordersB).toBe(2513)
      const rules = pairs
        .filter(({ support }) => support >= 0.006)
        .flatMap(({ a, b, orders, confidenceAB, confidenceBA, lift }) => [
          [a, b, orders, confidenceAB, lift] as const,
          [b, a, orders, confidenceBA, lift] as const,
        ])
        .filter(([, , , confidence]) => confidence >= 0.25)
      const ofReference = new Map(reference.rules.map(([a, b, ...figures]) => [`${a} => ${b}`, figures]))
      expect(rules).toHaveLength(reference.rules.length)
      for (const [a, b, orders, confidence, lift] of rules) {
        expect([a, b, ofReference.get(`${a} => ${b}`)]).toEqual([
          a,
          b,
          [orders, expect.closeTo(confidence, 9), expect.closeTo(lift, 9)],
        ])
      }
    })
  },
)
