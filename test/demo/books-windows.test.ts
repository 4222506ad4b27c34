import { describe, expect, it } from 'vitest'
import { checkStandings, expectedBuyers } from '../../demo/books/check-standings.ts'
import { checkCrossSell, checkNps } from '../../demo/books/check-windows.ts'
import { expectedNps, expectedOrders } from '../../demo/books/expected-windows.ts'
import type { CrossSell } from '../../schemas/avro/cross-sell.ts'
import type { Customer } from '../../schemas/avro/customer.ts'
import type { Nps } from '../../schemas/avro/nps.ts'
import type { InputEvent } from '../../schemas/events.ts'
import type { Thresholds } from '../../schemas/thresholds.ts'
import { DAY, survey, transaction } from '../processors/build-event.ts'

const START = Date.UTC(2026, 0, 1)
const answers: InputEvent[] = [
  ['ada', 3],
  ['ada', 10],
  ['ben', 7],
].map(([customerId, score], i) => ({
  topic: 'surveys',
  event: survey({
    customerId: customerId as string,
    score: score as number,
    occurredAt: START + i,
    attributes: { region: 'uk' },
  }),
}))
const lines = (...items: string[]) =>
  items.map((itemId) => ({ itemId, category: null, quantity: 1, unitPriceMinor: 1 }))
const orders = Array.from(
  { length: 6 },
  (_, i): InputEvent => ({
    topic: 'transactions',
    event: transaction({
      customerId: `c-${i}`,
      occurredAt: START + i,
      lines: lines('a', 'b', ...(i > 3 ? ['c'] : [])),
    }),
  }),
)

const nps = (fields: Partial<Nps>) =>
  ({ windowStart: 0, windowEnd: null, groupKey: null, groupValue: null, final: false, ...fields }) as Nps
const counted = { promoters: 1, passives: 1, detractors: 0, total: 2, nps: 50 }

/** What is right for the answers: each customer's newest, in a day, seven weeks and since ever, by region and in all. */
function rightNps(): Nps[] {
  return [...expectedNps(answers).keys()].map((name) => {
    const [window, group] = name.split(' ') as [string, string]
    const [start, end] = window.split('/') as [string, string]
    const of = group === '' ? {} : { groupKey: 'region', groupValue: 'uk' }
    const windowEnd = end === '' ? null : Number(end)
    return nps({ ...counted, ...of, windowStart: Number(start), windowEnd, final: windowEnd !== null })
  })
}

describe('checkNps', () => {
  it('takes what is right', () => {
    expect(rightNps()).toHaveLength(2 * 9)
    expect(checkNps(rightNps(), expectedNps(answers))).toEqual([])
  })

  it.each<[string, (results: Nps[]) => Nps[], string]>([
    ['a missing window', (results) => results.slice(1), 'is missing'],
    ['another count', ([first, ...rest]) => [{ ...first!, passives: 2 }, ...rest], 'counts 1 2 0, not 1 1 0'],
    ['another score', ([first, ...rest]) => [{ ...first!, nps: 49 }, ...rest], 'is 49 of 2, not 50 of 2'],
    ['a window that is not closed', (results) => results.map((each) => ({ ...each, final: false })), 'is not final'],
    ['answers of nobody', (results) => [...results, nps({ ...counted, windowStart: 1, windowEnd: 2 })], 'nobody gave'],
  ])('finds %s', (_, spoil, mismatch) => {
    expect(checkNps(spoil(rightNps()), expectedNps(answers)).join('\n')).toContain(mismatch)
  })
})

describe('checkCrossSell', () => {
  const week = Math.floor(START / (7 * DAY)) * 7 * DAY
  const pair = (fields: Partial<CrossSell>) =>
    ({ a: 'a', b: 'b', orders: 6, ordersA: 6, ordersB: 6, totalOrders: 6, maxError: 0, ...fields }) as CrossSell
  const right = [
    pair({ windowStart: 0, windowEnd: null, final: false }),
    pair({ windowStart: week, windowEnd: week + 7 * DAY, final: true }),
  ]
  const inWeek = (fields: Partial<CrossSell>) => [right[0]!, { ...right[1]!, ...fields }]

  it('takes what is right, and what is within its own error', () => {
    expect(checkCrossSell(right, expectedOrders(orders))).toEqual([])
    expect(checkCrossSell(inWeek({ orders: 5, maxError: 1 }), expectedOrders(orders))).toEqual([])
  })

  it.each<[string, CrossSell[], string]>([
    ['a missing pair', right.slice(1), 'a and b, in 6 orders, are missing'],
    ['too many orders', inWeek({ orders: 7, maxError: 9 }), 'a and b are in 7 orders (± 9), not in 6'],
    ['too few orders', inWeek({ orders: 5 }), 'a and b are in 5 orders (± 0), not in 6'],
    ['other orders of one', inWeek({ ordersB: 7 }), 'b is in 7 orders (± 0), not in 6'],
    ['other orders in all', inWeek({ totalOrders: 5 }), '5 orders in all, not 6'],
    ['a window that is not closed', inWeek({ final: false }), 'a and b are not final'],
    ['a window in which nobody bought', [...right, pair({ windowStart: 1, windowEnd: 2 })], 'nobody bought anything'],
  ])('finds %s', (_, results, mismatch) => {
    expect(checkCrossSell(results, expectedOrders(orders)).join('\n')).toContain(mismatch)
  })
})

describe('checkStandings', () => {
  const purchases = Array.from({ length: 100 }, (_, i): InputEvent[] =>
    Array.from({ length: 1 + Math.floor(i / 10) }, () => ({
      topic: 'transactions',
      event: transaction({ customerId: `c-${i}`, occurredAt: START + i * DAY, amountMinor: 100 * (i + 1) }),
    })),
  ).flat()
  const day = START / DAY
  const cuts = (of: (i: number) => number) => [20, 40, 60, 80].map(of)
  const ranking = (values: number[]) => ({ cuts: values, grid: [], rankError: 0 })
  const thresholds = {
    version: 3,
    bins: 5,
    recency: ranking(cuts((i) => day + i)),
    frequency: ranking(cuts((i) => i / 10)),
    monetary: { GBP: ranking(cuts((i) => (100 * i * i) / 10)) },
    segments: [4, 7, 10],
  } as unknown as Thresholds // what is read of it
  const newest = new Map<string, Pick<Customer, 'rfm'>>(
    Array.from({ length: 100 }, (_, i) => {
      const above = (limits: number[], value: number) => 1 + limits.filter((limit) => value > limit).length
      const r = 1 + Math.floor(i / 20)
      const f = above(thresholds.frequency.cuts, 1 + Math.floor(i / 10))
      const m = above(thresholds.monetary['GBP']!.cuts, 100 * (i + 1) * (1 + Math.floor(i / 10)))
      const total = r + f + m
      const named = ['At-Risk', 'Promising', 'Potential', 'Loyal'][
        thresholds.segments.filter((edge) => total >= edge).length
      ]
      const segment = total >= 13 ? 'Champion' : named!
      const rfm = { r, f, m, segment, frequency: 0, monetaryMinor: 0, recencyDays: 0, currency: 'GBP' }
      return [`shop/c-${i}`, { rfm }]
    }),
  )
  const buyers = expectedBuyers(purchases)

  it('takes what is right', () => {
    expect(checkStandings(buyers, thresholds, newest)).toEqual([])
  })

  it('finds a customer in another class, one of nobody, and cuts that are no quantiles', () => {
    const { rfm } = newest.get('shop/c-50')!
    const moved = new Map([...newest, ['shop/c-50', { rfm: { ...rfm, r: 5 } }]])
    expect(checkStandings(buyers, thresholds, moved)).toEqual([expect.stringMatching(/^shop\/c-50 is 5 /)])
    const stranger = new Map([...newest, ['shop/x', { rfm }]])
    expect(checkStandings(buyers, thresholds, stranger)).toEqual([expect.stringMatching(/^shop\/x is .*, not null/)])
    const late = { ...thresholds, recency: ranking(cuts((i) => day + i + 10)) }
    expect(checkStandings(buyers, late, newest).join('\n')).toContain('of recency is not at 20 %: it has 30.0 % below')
  })
})
