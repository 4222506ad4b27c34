import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AggregateResult } from '../../aggregates/changes.ts'
import { WindowAggregates } from '../../aggregates/window-aggregates.ts'
import { seeded } from '../../bench/random.ts'
import { npsClassOf } from '../../models/nps-score.ts'
import type { BasketDelta } from '../../schemas/avro/basket-delta.ts'
import type { CrossSell } from '../../schemas/avro/cross-sell.ts'
import type { Nps } from '../../schemas/avro/nps.ts'
import type { NpsDelta } from '../../schemas/avro/nps-delta.ts'
import type { Survey } from '../../schemas/avro/survey.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import { partitionOf } from '../../schemas/partition.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { toTheEnd } from '../aggregates/aggregate-bench.ts'
import { countsOf, pairsOf } from '../aggregates/baskets.ts'
import { DAY, MINUTE, NOON, survey, transaction } from '../processors/build-event.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { type RunningWorker, startWorker, untilProcessed } from './support/workers.ts'

const settings = parseSettings({ currency: 'GBP', nps: { hopping: [] }, crossSell: { tumblingMs: [] } })
const ITEMS = ['tea', 'milk', 'jam', 'bread', 'salt']

/** Customers answer up to three times and buy once; every fifth order is paid back. */
const answers: Survey[] = []
const orders: Transaction[] = []
const kept: string[][] = []
const random = seeded(7)
for (let i = 0; i < 120; i++) {
  const customerId = `c-${i}`
  for (let j = 0; j < 1 + (i % 3); j++) {
    const score = Math.floor(random() * 11)
    answers.push(survey({ customerId, score, occurredAt: NOON + j * MINUTE, attributes: { plan: `p${i % 2}` } }))
  }
  const names = ITEMS.filter(() => random() < 0.5)
  const lines = names.map((itemId) => ({ itemId, category: null, quantity: 1, unitPriceMinor: 100 }))
  const order = { customerId, orderId: `o-${i}`, occurredAt: NOON, lines }
  orders.push(transaction(order))
  if (i % 5 === 0) orders.push(transaction({ ...order, type: 'REFUND', occurredAt: NOON + MINUTE }))
  else if (names.length > 0) kept.push(names)
}

let installation: Installation
let worker: RunningWorker
let results: AggregateResult[]

beforeAll(async () => {
  installation = await makeInstallation({ settings: { shop: settings } })
  worker = await startWorker(installation, { BATCH_MAX_RECORDS: '40' })
  await installation.sink.write([
    ...answers.map((event) => ({ topic: 'surveys' as const, event })),
    ...orders.map((event) => ({ topic: 'transactions' as const, event })),
  ])
  await untilProcessed(installation)
  results = await aggregated()
})

afterAll(async () => {
  await worker.worker.stop()
  await installation.close()
})

/** What the aggregate task makes of all deltas so far. */
async function aggregated(): Promise<AggregateResult[]> {
  const aggregates = new WindowAggregates({ partitions: PARTITIONS, settings: () => settings })
  const npsCodec = installation.codec<NpsDelta>('nps-deltas')
  for (const { key, partition, value, timestamp } of await installation.read('nps-deltas')) {
    expect([key, partition]).toEqual(['shop/nps', partitionOf(Buffer.from('shop/nps'), PARTITIONS)])
    expect(aggregates.addNps(await npsCodec.decodeLoading(value!), timestamp)).toBeNull()
  }
  const basketCodec = installation.codec<BasketDelta>('basket-deltas')
  for (const { key, partition, value, timestamp } of await installation.read('basket-deltas')) {
    expect([key, partition]).toEqual(['shop/basket-item', partitionOf(Buffer.from('shop/basket-item'), PARTITIONS)])
    expect(toTheEnd(aggregates.addBaskets(await basketCodec.decodeLoading(value!), timestamp))).toBeNull()
  }
  return toTheEnd(aggregates.flush({ now: NOON, readUpTo: NOON }, 1_000_000)).results
}

test('the NPS deltas of all tasks add up to the last answers of the customers', () => {
  const last = new Map(answers.map((answer) => [answer.customerId, answer]))
  const counts = { promoters: 0, passives: 0, detractors: 0 }
  for (const { score } of last.values()) counts[npsClassOf(score)]++
  const all = results.map(({ value }) => value as Nps).filter((value) => 'nps' in value && value.groupKey === null)
  expect(all.map(({ windowEnd }) => windowEnd)).toEqual([NOON + DAY / 2, null])
  for (const result of all) expect(result).toMatchObject({ ...counts, total: 120 })
})

test('the basket deltas of all tasks add up to the orders that were not paid back', () => {
  const pairs = results.flatMap(({ topic, value }) => (topic === 'cross-sell' && value !== null ? [value] : []))
  expect(new Map(pairs.map((pair: CrossSell) => [`${pair.a}+${pair.b}`, countsOf(pair)]))).toEqual(pairsOf(kept))
})

test('a late answer counts since ever, and is a dead letter of stage window', async () => {
  const { customerId } = answers[0]!
  const late = survey({ customerId, score: 10, occurredAt: NOON - 30 * DAY, attributes: { survey: 'other' } })
  await installation.sink.write([{ topic: 'surveys', event: late }])
  await untilProcessed(installation)
  const letters = await installation.read('dead-letters')
  expect(letters.map(({ headers }) => [headers['stage'], headers['reason']])).toEqual([['window', 'LATE']])
  const now = (await aggregated())
    .map(({ value }) => value as Nps)
    .filter((value) => 'nps' in value && value.groupKey === null)
  expect(now.map(({ total }) => total)).toEqual([120, 121])
})
