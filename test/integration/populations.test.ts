import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AggregateChanges } from '../../aggregates/changes.ts'
import { Population } from '../../aggregates/population.ts'
import { PopulationAggregates } from '../../aggregates/population-aggregate.ts'
import { encodePopulation } from '../../aggregates/population-codec.ts'
import { seeded } from '../../bench/random.ts'
import { bucketOf } from '../../models/buckets.ts'
import type { PopulationDelta } from '../../schemas/avro/population-delta.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import { parseClvModel } from '../../schemas/clv-model.ts'
import { partitionOf } from '../../schemas/partition.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { DAY, NOON, transaction } from '../processors/build-event.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { runCommand } from './support/run-command.ts'
import { type RunningWorker, startWorker, untilProcessed } from './support/workers.ts'

const CUSTOMERS = 240
const settings = { shop: parseSettings({ clock: 'event', currency: 'GBP' }) }

/** Customers with one to six purchases in a year, and some refunds. */
const purchases: Transaction[] = []
const random = seeded(11)
for (let customer = 0; customer < CUSTOMERS; customer++) {
  const count = 1 + Math.floor(random() ** 2 * 6)
  for (let i = 0; i < count; i++) {
    const occurredAt = NOON - Math.floor(random() * 365) * DAY
    const type = i > 0 && random() < 0.1 ? 'REFUND' : 'PURCHASE'
    const amountMinor = 100 + Math.floor(random() * 20_000)
    purchases.push(transaction({ customerId: `c-${customer}`, occurredAt, type, amountMinor }))
  }
}
purchases.sort((a, b) => a.occurredAt - b.occurredAt)

let installation: Installation
let worker: RunningWorker

beforeAll(async () => {
  installation = await makeInstallation({ settings })
  worker = await startWorker(installation, { BATCH_MAX_RECORDS: '50' })
  await installation.sink.write(purchases.map((event) => ({ topic: 'transactions', event })))
  await untilProcessed(installation)
})

afterAll(async () => {
  await worker.worker.stop()
  await installation.close()
})

/** What the aggregate task makes of all deltas so far. */
async function aggregated(): Promise<AggregateChanges> {
  const aggregates = new PopulationAggregates({ settings: () => settings.shop })
  const codec = installation.codec<PopulationDelta>('population-deltas')
  for (const { key, partition, value } of await installation.read('population-deltas')) {
    expect([key, partition]).toEqual(['shop/population', partitionOf(Buffer.from('shop/population'), PARTITIONS)])
    aggregates.add(await codec.decodeLoading(value!))
  }
  const changes: AggregateChanges = { entries: [], results: [] }
  aggregates.flush({ now: NOON, readUpTo: NOON }, changes)
  return changes
}

test('the deltas of all tasks add up to the customers, counted from their events', async () => {
  const wanted = new Population()
  for (const events of Map.groupBy(purchases, ({ customerId }) => customerId).values()) {
    const bought = events.filter(({ type }) => type === 'PURCHASE')
    const sum = events.reduce((net, { type, amountMinor }) => net + (type === 'REFUND' ? -amountMinor : amountMinor), 0)
    wanted.recency.add(Math.floor(Math.max(...bought.map(({ occurredAt }) => occurredAt)) / DAY), 1)
    wanted.frequency.add(bucketOf(bought.length), 1)
    wanted.monetaryIn('GBP').add(bucketOf(sum), 1)
  }
  const { entries, results } = await aggregated()
  expect(entries.find(({ key }) => key === 'shop/population')!.value).toEqual(encodePopulation(wanted))
  expect(results).toMatchObject([{ topic: 'thresholds', key: 'shop', value: { version: 1, customers: CUSTOMERS } }])
})

test('everscore clv fits a model of the customers and publishes it', async () => {
  const { code, stdout, stderr } = await runCommand(['clv', '--tenant', 'shop'], installation.env)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^shop: clv-2026-01-15T12:00:00.000Z from 240 customers: r .*alpha /)
  const [record] = await installation.read('models')
  expect(record!.key).toBe('shop/clv')
  const { fit, purchases: parameters } = parseClvModel(JSON.parse(record!.value!.toString()))
  expect(fit).toMatchObject({ customers: CUSTOMERS, at: NOON })
  expect(parameters.alpha).toBeGreaterThan(0)
})
