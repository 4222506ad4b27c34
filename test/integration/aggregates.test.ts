import { afterEach, beforeEach, expect, test } from 'vitest'
import { openApi } from '../../bin/api.ts'
import { readConfig } from '../../runtime/config.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { DAY, survey } from '../processors/build-event.ts'
import { AGGREGATE_SETTINGS, aggregateEvents, basketTruth, npsTruth } from './support/aggregate-truth.ts'
import {
  crossSellResults,
  expectAggregates,
  expectPopulation,
  expectResultsView,
  npsResults,
} from './support/check-aggregates.ts'
import { readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import { type RunningWorker, startWorker } from './support/workers.ts'

const BOTH = { TASKS: 'customers,aggregates', AGGREGATE_INTERVAL_MS: '20', BATCH_MAX_RECORDS: '40' }

let installation: Installation
let running: RunningWorker[] = []

beforeEach(async () => {
  installation = await makeInstallation({ settings: { shop: AGGREGATE_SETTINGS } })
})

afterEach(async () => {
  for (const { worker } of running) await worker.stop()
  running = []
  await installation.close()
})

async function work(env: Readonly<Record<string, string>> = {}): Promise<RunningWorker> {
  const started = await startWorker(installation, { ...BOTH, ...env })
  running.push(started)
  return started
}

test('windows of NPS and cross-sell are those that brute force counts, and close when nothing comes', async () => {
  const events = aggregateEvents(1, 1_500)
  const worker = await work()
  await installation.sink.write(events)
  await expectAggregates(installation, events)
  await expectResultsView(installation)
  await expectLookups(events)
  expect(worker.worker.counters.abortedBatches).toBe(0)
  expect(await installation.read('dead-letters')).toEqual([])
})

/** What the query API answers is what brute force counts. */
async function expectLookups(events: readonly InputEvent[]): Promise<void> {
  const server = await openApi(readConfig({ ...installation.env, PORT: '0' }), () => {})
  const ask = async (path: string) => {
    const response = await fetch(`${server.url}${path}`, { headers: { 'x-tenant-id': 'shop' } })
    return { status: response.status, body: (await response.json()) as Record<string, never> & { items: Counts[] } }
  }
  const counts = ({ promoters, passives, detractors }: Counts) => [promoters, passives, detractors]
  try {
    const truth = npsTruth(events)
    expect((await ask('/v1/nps')).body.items.map(counts)).toEqual([truth.get('0/ ')])
    const days = (await ask(`/v1/nps?window=1d&group=plan%3Dpro`)).body.items
    const trueDays = [...truth].filter(([key]) => {
      const [start, end] = key.split(' ', 1)[0]!.split('/').map(Number)
      return end! - start! === DAY && key.endsWith(' plan=pro')
    })
    expect(days.map((day) => [`${day.windowStart}/${day.windowEnd} plan=pro`, counts(day)])).toEqual(trueDays)
    const [, second] = days
    const range = `from=${second!.windowStart}&to=${second!.windowStart + 1}`
    expect((await ask(`/v1/nps?window=1d&${range}&group=plan%3Dpro`)).body.items).toEqual([second])
    const plans = (await ask('/v1/nps?group=plan')).body.items.map((item) => item.groupValue)
    expect(plans).toEqual(['a/b +%', 'free', 'pro'])

    const pairs = basketTruth(events)
    const { body } = await ask('/v1/cross-sell/item%203?limit=500')
    const partners = (body as unknown as { partners: { id: string; orders: number; confidence: number }[] }).partners
    const truePartners = [...pairs].flatMap(([key, orders]) => {
      const [a, b] = key.startsWith('item 0/ ') ? key.slice('item 0/ '.length).split('+') : []
      return a === 'item 3' ? [[b, orders]] : b === 'item 3' ? [[a, orders]] : []
    })
    expect(partners.map(({ id, orders }) => [id, orders]).sort()).toEqual(truePartners.sort())
    expect(partners.map(({ confidence }) => confidence)).toEqual(
      partners.map(({ confidence }) => confidence).toSorted((one, other) => other - one),
    )
    expect((await ask('/v1/cross-sell?category=cat%2F1&window=7d&limit=2')).body).toMatchObject({
      level: 'category',
      id: 'cat/1',
    })
    await expectMatrix(ask, pairs)
    const { totalOrders } = body as unknown as Matrix
    expect(totalOrders).toBeGreaterThan(0)
    for (const none of ['/v1/cross-sell/nothing', '/v1/cross-sell-matrix?ids=nothing']) {
      expect((await ask(none)).body, none).toMatchObject({ totalOrders })
    }
    expect((await ask('/v1/cross-sell/nothing')).body).toMatchObject({ orders: 0, partners: [] })
    for (const path of ['/v1/nps', '/v1/cross-sell/nothing', '/v1/cross-sell-matrix']) {
      expect(await ask(`${path}?window=11d`), path).toMatchObject({
        status: 400,
        body: { error: { details: { field: 'window', windows: expect.arrayContaining(['ever']) } } },
      })
    }
    expect(await ask('/v1/nps?window=week')).toMatchObject({
      status: 400,
      body: { error: { details: { field: 'window' } } },
    })
  } finally {
    await server.close()
  }
}

type Ask = (path: string) => Promise<{ status: number; body: unknown }>
interface Matrix {
  readonly ids: readonly string[]
  readonly orders: readonly number[]
  readonly matrix: readonly (readonly number[])[]
  readonly totalOrders: number
  readonly truncated: boolean
}

/** The matrix of all items is that of the true counts, its ranking and parts of it too. */
async function expectMatrix(ask: Ask, pairs: ReadonlyMap<string, number>): Promise<void> {
  const all = (await ask('/v1/cross-sell-matrix?limit=100')).body as Matrix
  const trueOrders = (a: string, b: string): number => pairs.get(`item 0/ ${[a, b].sort().join('+')}`) ?? 0
  expect(all.ids.length).toBeGreaterThan(3)
  all.matrix.forEach((row, i) => {
    expect(row).toEqual(all.ids.map((id, j) => (i === j ? 1 : trueOrders(all.ids[i]!, id) / all.orders[i]!)))
  })
  expect(all.truncated).toBe(false)
  const ranked = all.ids.map((id, i) => [id, all.orders[i]!] as const)
  expect(ranked).toEqual(ranked.toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)))
  expect((await ask('/v1/cross-sell-matrix?limit=2')).body).toMatchObject({ ids: all.ids.slice(0, 2), truncated: true })
  const [first, second] = all.ids as [string, string]
  const asked = [second, 'nothing', first]
  const part = (await ask(`/v1/cross-sell-matrix?metric=lift&ids=${asked.map(encodeURIComponent).join(',')}`))
    .body as Matrix
  const lift = (all.matrix[0]![1]! * all.totalOrders) / all.orders[1]!
  expect([part.ids, part.orders]).toEqual([asked, [all.orders[1], 0, all.orders[0]]])
  expect(part.matrix[0]![2]).toBeCloseTo(lift, 12)
  expect(part.matrix[0]![0]).toBeCloseTo(all.totalOrders / all.orders[1]!, 12)
  expect(part.matrix[1]).toEqual([0, 0, 0])
  expect((await ask('/v1/cross-sell-matrix?level=category&window=7d')).body).toMatchObject({
    level: 'category',
    truncated: false,
  })
  expect((await ask('/v1/cross-sell-matrix?minOrders=1000000&limit=1')).body).toMatchObject({ matrix: [[1]] })
  for (const [query, field] of [
    ['limit=101', 'limit'],
    ['level=brand', 'level'],
    ['window=week', 'window'],
    ['ids=', 'ids'],
    ['metric=support', 'metric'],
  ]) {
    expect(await ask(`/v1/cross-sell-matrix?${query}`)).toMatchObject({
      status: 400,
      body: { error: { details: { field: expect.stringContaining(field!) } } },
    })
  }
}

interface Counts {
  readonly windowStart: number
  readonly windowEnd: number
  readonly groupValue: string
  readonly promoters: number
  readonly passives: number
  readonly detractors: number
}

test('thresholds come back to the customers: each has a class by the newest, and a tier', async () => {
  await work()
  const events = aggregateEvents(2, 600)
  await installation.sink.write(events)
  await expectPopulation(installation, events)
  const newest = async () => {
    const records = await readCustomers(installation)
    return [...new Map(records.map(({ key, customer }) => [key, customer])).values()]
  }
  await waitFor('every buyer to be classified', async () =>
    (await newest()).every((customer) => customer!.rfm.frequency === 0 || customer!.rfm.segment !== null),
  )
  for (const customer of await newest()) {
    if (customer!.rfm.frequency === 0) continue
    expect([customer!.rfm.r, customer!.rfm.f, customer!.rfm.m].every((score) => score! >= 1 && score! <= 5)).toBe(true)
    expect(customer!.loyalty!.tier).toBeTypeOf('string')
  }
})

test('a view of results that Redis loses is built anew, while nothing comes', async () => {
  const worker = await work()
  const events = aggregateEvents(3, 400)
  await installation.sink.write(events)
  await expectAggregates(installation, events)
  const { redis, group } = installation
  await redis.unlink(await redis.keys(`${group}:{*`))
  await waitFor('the results to be restored', () => worker.worker.counters.aggregates.takeovers > 3)
  await expectAggregates(installation, events)
  await expectResultsView(installation)
})

test('an answer for a window that is closed corrects its final result; for one that is gone it is a dead letter', async () => {
  await installation.init({
    shop: { ...AGGREGATE_SETTINGS, windows: { ...AGGREGATE_SETTINGS.windows, keptMs: 3_000 } },
  })
  await work()
  const at = Date.UTC(2026, 0, 5)
  const answer = (customerId: string) => ({
    topic: 'surveys' as const,
    event: survey({ customerId, score: 10, occurredAt: at }),
  })
  const dayOf = async () =>
    (await npsResults(installation)).find(
      ({ windowStart, windowEnd, groupKey }) => windowStart === at && windowEnd === at + DAY && groupKey === null,
    )
  await installation.sink.write([answer('ada')])
  await waitFor('the window to be closed', async () => (await dayOf())?.final === true)
  await installation.sink.write([answer('ben')])
  await waitFor('the final result to be corrected', async () => (await dayOf())?.total === 2)
  expect(await dayOf()).toMatchObject({ promoters: 2, final: true, revision: 1 })
  const left = async (): Promise<number> => {
    const entries = new Map((await installation.read('aggregate-state')).map(({ key, value }) => [key!, value]))
    return [...entries].filter(([key, value]) => key.startsWith('shop/nps/w/') && value !== null).length
  }
  await waitFor('the windows to go', async () => (await left()) === 0)
  await installation.sink.write([answer('cid')])
  await waitFor('the dead letter', async () => (await installation.read('dead-letters')).length > 0)
  const [letter] = await installation.read('dead-letters')
  expect(letter!.headers).toMatchObject({ topic: 'nps-deltas', stage: 'window', reason: 'WINDOW_GONE' })
  expect(await dayOf()).toMatchObject({ promoters: 2, revision: 1 })
  const ever = (await npsResults(installation)).find(
    ({ windowEnd, groupKey }) => windowEnd === null && groupKey === null,
  )
  expect(ever!.promoters).toBe(3)
})

test('results of closed windows leave topics and Redis after resultsKeptMs, and nothing of them stays behind', async () => {
  await installation.init({
    shop: { ...AGGREGATE_SETTINGS, windows: { ...AGGREGATE_SETTINGS.windows, keptMs: 500, resultsKeptMs: 3_000 } },
  })
  await work()
  const events = aggregateEvents(4, 300)
  await installation.sink.write(events)
  await waitFor('windows to be closed', async () => (await crossSellResults(installation)).some(({ final }) => final))
  const dated = async (): Promise<unknown[]> =>
    [...(await npsResults(installation)), ...(await crossSellResults(installation))].filter(
      ({ windowEnd }) => windowEnd !== null,
    )
  await waitFor('the results of closed windows to go', async () => (await dated()).length === 0)
  await expectResultsView(installation)
  const { redis, keys } = installation
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const names = await redis.smembers(keys.resultKeys(partition))
    for (const name of names) {
      expect(await redis.exists(name), name).toBe(1)
      if (name.includes(':windows:')) expect(await redis.zrange(name, '0', '-1')).toEqual(['0/'])
      else expect(name).toMatch(/\/0\/(?:\/|$)/)
    }
  }
  expect((await installation.read('aggregate-state')).length).toBeGreaterThan(0)
  const live = new Map((await installation.read('aggregate-state')).map(({ key, value }) => [key!, value]))
  const left = [...live].filter(([key, value]) => value !== null && /\/[gswr]\/[1-9]/.test(key))
  expect(left).toEqual([])
})
