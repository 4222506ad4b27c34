import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { Population } from '../../../aggregates/population.ts'
import { decodePopulation } from '../../../aggregates/population-codec.ts'
import { bucketOf } from '../../../models/buckets.ts'
import type { CrossSell } from '../../../schemas/avro/cross-sell.ts'
import type { Nps } from '../../../schemas/avro/nps.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { INDEX_SCALE } from '../../../schemas/redis-keys.ts'
import { parseThresholds } from '../../../schemas/thresholds.ts'
import { DAY } from '../../processors/build-event.ts'
import { basketTruth, eachOnce, npsTruth } from './aggregate-truth.ts'
import { type Installation, PARTITIONS } from './installation.ts'
import type { TopicRecord } from './read-topic.ts'
import { waitFor } from './wait-for.ts'

async function newestOf(installation: Installation, topic: 'nps' | 'cross-sell'): Promise<Map<string, TopicRecord>> {
  const newest = new Map((await installation.read(topic)).map((record) => [record.key!, record]))
  return new Map([...newest].filter(([, { value }]) => value !== null))
}

export async function npsResults(installation: Installation): Promise<Nps[]> {
  const codec = installation.codec<Nps>('nps')
  const values = [...(await newestOf(installation, 'nps')).values()].map(({ value }) => codec.decodeLoading(value!))
  return await Promise.all(values)
}

export async function crossSellResults(installation: Installation): Promise<CrossSell[]> {
  const codec = installation.codec<CrossSell>('cross-sell')
  const values = [...(await newestOf(installation, 'cross-sell')).values()]
  return await Promise.all(values.map(({ value }) => codec.decodeLoading(value!)))
}

function npsCounts(results: readonly Nps[]): Map<string, [number, number, number]> {
  return new Map(
    results
      .filter(({ total }) => total > 0)
      .map(({ windowStart, windowEnd, groupKey, groupValue, promoters, passives, detractors }) => [
        `${windowStart}/${windowEnd ?? ''} ${groupKey === null ? '' : `${groupKey}=${groupValue}`}`,
        [promoters, passives, detractors],
      ]),
  )
}

function pairCounts(results: readonly CrossSell[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { level, windowStart, windowEnd, a, b, orders, totalOrders } of results) {
    const window = `${level} ${windowStart}/${windowEnd ?? ''}`
    counts.set(`${window} ${a}+${b}`, orders)
    counts.set(window, totalOrders)
  }
  return counts
}

/** Windows without a pair have no result that says how many orders they had. */
function truePairs(events: readonly InputEvent[]): Map<string, number> {
  const counts = basketTruth(events)
  const withPairs = new Set(
    [...counts.keys()].filter((key) => key.includes('+')).map((key) => key.split(' ', 2).join(' ')),
  )
  return new Map([...counts].filter(([key]) => key.includes('+') || withPairs.has(key)))
}

/** Until the newest results are what brute force counts, all windows closed; then says what is different, if anything. */
export async function expectAggregates(installation: Installation, events: readonly InputEvent[]): Promise<void> {
  const nps = npsTruth(events)
  const pairs = truePairs(events)
  const settled = async (): Promise<boolean> => {
    const [answers, sold] = [await npsResults(installation), await crossSellResults(installation)]
    const closed = [...answers, ...sold].every(({ windowEnd, final }) => final === (windowEnd !== null))
    return closed && isSame(npsCounts(answers), nps) && isSame(pairCounts(sold), pairs)
  }
  await waitFor('the results to be those of all events', settled).catch(() => {
    // What differs is said below.
  })
  expect(npsCounts(await npsResults(installation))).toEqual(nps)
  const sold = await crossSellResults(installation)
  expect(pairCounts(sold)).toEqual(pairs)
  expect(
    [...(await npsResults(installation)), ...sold].filter(({ windowEnd, final }) => final !== (windowEnd !== null)),
  ).toEqual([])
  const orders = new Map(sold.map((each) => [`${each.level} ${each.windowStart}/${each.windowEnd}`, each.totalOrders]))
  for (const each of sold) {
    // All pairs of a window that is closed were sent with the same totals; those of an open one as of different times.
    if (each.final) expect(each.totalOrders).toBe(orders.get(`${each.level} ${each.windowStart}/${each.windowEnd}`))
    expect(each.confidenceAB).toBeCloseTo(each.orders / each.ordersA, 12)
    expect(each.lift).toBeCloseTo((each.orders * each.totalOrders) / (each.ordersA * each.ordersB), 9)
    expect(each.maxError).toBe(0)
  }
}

/** The population in `aggregate-state` is that of the events, counted from scratch. */
export async function expectPopulation(installation: Installation, events: readonly InputEvent[]): Promise<void> {
  const wanted = new Population()
  const money = eachOnce(events).flatMap(({ topic, event }) => (topic === 'transactions' ? [event] : []))
  for (const mine of Map.groupBy(money, ({ customerId }) => customerId).values()) {
    const bought = mine.filter(({ type }) => type === 'PURCHASE')
    if (bought.length === 0) continue
    const net = mine.reduce((sum, { type, amountMinor }) => sum + (type === 'REFUND' ? -amountMinor : amountMinor), 0)
    wanted.recency.add(Math.floor(Math.max(...bought.map(({ occurredAt }) => occurredAt)) / DAY), 1)
    wanted.frequency.add(bucketOf(bought.length), 1)
    wanted.monetaryIn('GBP').add(bucketOf(net), 1)
  }
  const counted = async (): Promise<object | null> => {
    const stored = (await installation.read('aggregate-state')).findLast(({ key }) => key === 'shop/population')
    if (!stored?.value) return null
    return bucketsOf(decodePopulation(stored.value))
  }
  const isDone = async (): Promise<boolean> => isDeepStrictEqual(await counted(), bucketsOf(wanted))
  await waitFor('the population to be that of all events', isDone).catch(() => {
    // What differs is said below.
  })
  expect(await counted()).toEqual(bucketsOf(wanted))
  const thresholds = (await installation.read('thresholds')).map(({ value }) =>
    parseThresholds(JSON.parse(String(value))),
  )
  expect(thresholds.length).toBeGreaterThan(0)
  expect(thresholds.map(({ version }) => version)).toEqual(thresholds.map((_, i) => i + 1))
}

function bucketsOf({ recency, frequency, monetary }: Population): object {
  return { recency: recency.entries(), frequency: frequency.entries(), monetary: monetary.get('GBP')?.entries() }
}

function isSame(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): boolean {
  const sorted = (map: ReadonlyMap<string, unknown>): string => JSON.stringify([...map].sort())
  return sorted(one) === sorted(other)
}

interface ResultsView {
  readonly values: Map<string, string>
  readonly windows: Set<string>
  readonly partners: Map<string, number>
}

/** Redis holds the newest record of each result, byte for byte, in its window; partners follow from the same records. */
export async function expectResultsView(installation: Installation): Promise<void> {
  // Results of pairs that did not move still come, as the totals did: topic and view are read again together.
  const isSameView = async (): Promise<boolean> =>
    isSame((await wantedView(installation)).values, (await readView(installation)).values)
  await waitFor('Redis to hold the last results', isSameView).catch(() => {
    // What differs is said below.
  })
  const wanted = await wantedView(installation)
  const view = await readView(installation)
  expect(view.values).toEqual(wanted.values)
  expect(view.partners).toEqual(wanted.partners)
  for (const window of wanted.windows) expect(view.windows).toContain(window)
}

/** What the topics say. */
async function wantedView(installation: Installation): Promise<ResultsView> {
  const values = new Map<string, string>()
  const windows = new Set<string>()
  const partners = new Map<string, number>()
  for (const topic of ['nps', 'cross-sell'] as const) {
    for (const [key, { partition, value }] of await newestOf(installation, topic)) {
      const [tenantId, kind, start, end, id] = key.split('/') as [string, string, string, string, string]
      const window = `${start}/${end}`
      values.set(`${installation.keys.results(partition, `${tenantId}/${kind}`, window)} ${id}`, value!.toString('hex'))
      windows.add(`${installation.keys.resultWindows(partition, `${tenantId}/${kind}`)} ${window} ${start}`)
      if (topic === 'nps') continue
      const pair = await installation.codec<CrossSell>('cross-sell').decodeLoading(value!)
      const [a, b] = id.split('+') as [string, string]
      const setOf = (item: string): string => installation.keys.partners(partition, `${tenantId}/${kind}`, window, item)
      partners.set(`${setOf(a)} ${b}`, Math.round(pair.confidenceAB * INDEX_SCALE))
      partners.set(`${setOf(b)} ${a}`, Math.round(pair.confidenceBA * INDEX_SCALE))
    }
  }
  return { values, windows, partners }
}

async function readView({ redis, keys }: Installation): Promise<ResultsView> {
  const values = new Map<string, string>()
  const windows = new Set<string>()
  const partners = new Map<string, number>()
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const name of await redis.smembers(keys.resultKeys(partition))) {
      if (name.includes(':results:')) {
        for (const [id, value] of Object.entries(await redis.hgetallBuffer(name)))
          values.set(`${name} ${id}`, value.toString('hex'))
        continue
      }
      const flat = await redis.zrangebyscore(name, '-inf', '+inf', 'WITHSCORES')
      for (let i = 0; i < flat.length; i += 2) {
        if (name.includes(':windows:')) windows.add(`${name} ${flat[i]} ${flat[i + 1]}`)
        else partners.set(`${name} ${flat[i]}`, Number(flat[i + 1]))
      }
    }
  }
  return { values, windows, partners }
}
