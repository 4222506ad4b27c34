import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AggregateChanges } from '../../aggregates/changes.ts'
import { Population } from '../../aggregates/population.ts'
import { PopulationAggregates } from '../../aggregates/population-aggregate.ts'
import { decodePopulation, encodePopulation } from '../../aggregates/population-codec.ts'
import { seeded } from '../../bench/random.ts'
import { bucketOf } from '../../models/buckets.ts'
import { SEGMENTS } from '../../models/rfm.ts'
import { wouldMove } from '../../models/standing.ts'
import type { PopulationDelta } from '../../schemas/avro/population-delta.ts'
import type { ScoreChange } from '../../schemas/avro/score-change.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import { parseClvModel } from '../../schemas/clv-model.ts'
import { partitionOf } from '../../schemas/partition.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { decodeState } from '../../schemas/state-codec.ts'
import type { Thresholds } from '../../schemas/thresholds.ts'
import { DAY, NOON, transaction } from '../processors/build-event.ts'
import { type CustomerRecord, expectViewEqualsLog, readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { runCommand } from './support/run-command.ts'
import { waitFor } from './support/wait-for.ts'
import {
  type RunningWorker,
  startWorker,
  startWorkerProcess,
  untilConfirmed,
  untilProcessed,
} from './support/workers.ts'

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
  installation = await makeInstallation({ settings, clock: 'event' })
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
  const aggregates = new PopulationAggregates({ partitions: PARTITIONS, settings: () => settings.shop })
  const codec = installation.codec<PopulationDelta>('population-deltas')
  for (const { key, partition, value } of await installation.read('population-deltas')) {
    expect([key, partition]).toEqual(['shop/population', partitionOf(Buffer.from('shop/population'), PARTITIONS)])
    aggregates.add(await codec.decodeLoading(value!), NOON)
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

test('thresholds move every customer whom they concern, without an event, exactly once, also through a kill', async () => {
  const { results } = await aggregated()
  const thresholds = results[0]!.value as Thresholds
  const before = await newestOf(installation)
  const publish = (version: number, fields: Partial<Thresholds>): Promise<void> =>
    installation.produce([
      {
        topic: installation.topic('thresholds'),
        key: Buffer.from('shop'),
        value: Buffer.from(JSON.stringify({ ...thresholds, ...fields, version })),
        timestamp: Date.now(),
        partition: 0,
      },
    ])
  await publish(1, {})
  await untilSwept(1)
  await publish(2, { segments: [6, 8, 12] })
  // A worker that dies amid the sweep: whoever takes over begins it again.
  const killed = startWorkerProcess(installation)
  await waitFor('another worker to own a partition', () => killed.said().includes('partitions assigned'))
  await killed.kill('SIGKILL')
  await untilSwept(2)

  const records = await readCustomers(installation)
  const ids = records.map(({ customer }) => customer!.eventId)
  expect(new Set(ids).size).toBe(ids.length)
  const model = { ...thresholds, version: 2, segments: [6, 8, 12] }
  const totals = new Population()
  for (const [key, { customer }] of await newestOf(installation)) {
    const state = decodeState(customer!.state)
    const was = before.get(key)!.customer!
    expect(wouldMove(state, model, settings.shop)).toBe(false)
    expect(customer).toMatchObject({ asOf: was.asOf, lead: was.lead, churn: was.churn })
    expect(customer!.rfm).toMatchObject({ frequency: was.rfm.frequency, segment: SEGMENTS[state.standing!.segment] })
    totals.totals.add(state.standing!.r + state.standing!.f + state.standing!.m, 1)
  }
  const causes = records.map(({ customer }) => customer!.cause)
  expect(causes.filter((cause) => cause === 'population').length).toBeGreaterThan(CUSTOMERS)
  const population = decodePopulation((await aggregated()).entries.find(({ key }) => key === 'shop/population')!.value!)
  expect(population.totals.entries()).toEqual(totals.totals.entries())
  await untilConfirmed(installation)
  await expectViewEqualsLog(installation)
  await expectMovesFollowRecords()
})

/** Each customer's moves of segment and tier are a chain whose last link is what his newest record holds. */
async function expectMovesFollowRecords(): Promise<void> {
  const codec = installation.codec<ScoreChange>('score-changes')
  const held = new Map<string, string>()
  const changeIds = new Set<string>()
  for (const { key, value } of await installation.read('score-changes')) {
    const { kind, from, to, changeId } = await codec.decodeLoading(value!)
    if (kind !== 'segment' && kind !== 'tier') continue
    expect(changeIds.has(changeId)).toBe(false)
    changeIds.add(changeId)
    expect(held.get(`${key}/${kind}`) ?? null).toBe(from)
    held.set(`${key}/${kind}`, to)
  }
  for (const [key, { customer }] of await newestOf(installation)) {
    expect(held.get(`${key}/segment`)).toBe(customer!.rfm.segment)
    expect(held.get(`${key}/tier`)).toBe(customer!.loyalty!.tier)
  }
}

async function newestOf(of: Installation): Promise<Map<string, CustomerRecord>> {
  return new Map((await readCustomers(of)).map((record) => [record.key!, record]))
}

/** Until nobody is left whom the thresholds of that version would move. */
async function untilSwept(version: number): Promise<void> {
  const published = (await installation.read('thresholds')).map(({ value }) => JSON.parse(value!.toString()))
  const thresholds = published.find((each) => each.version === version) as Thresholds
  await waitFor(`all customers to be judged by thresholds ${version}`, async () =>
    [...(await newestOf(installation)).values()].every(
      ({ customer }) => !wouldMove(decodeState(customer!.state), thresholds, settings.shop),
    ),
  )
}

test('everscore clv fits a model of the customers and publishes it; the trainer does the same by itself', async () => {
  const { code, stdout, stderr } = await runCommand(['clv', '--tenant', 'shop'], installation.env)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^shop: clv-2026-01-15T12:00:00.000Z from 240 customers: r .*alpha /)
  const [record] = await installation.read('models')
  expect(record!.key).toBe('shop/clv')
  const { fit, purchases: parameters } = parseClvModel(JSON.parse(record!.value!.toString()))
  expect(fit).toMatchObject({ customers: CUSTOMERS, at: NOON })
  expect(parameters.alpha).toBeGreaterThan(0)

  const trainer = startWorkerProcess(installation, {}, 'trainer')
  try {
    await waitFor('the trainer to publish its model', async () => (await installation.read('models')).length > 1)
    expect((await installation.read('models')).map(({ key, value }) => [key, value!.toString()])).toEqual(
      Array.from({ length: 2 }, () => ['shop/clv', record!.value!.toString()]),
    )
    await waitFor('the trainer to tell of it', async () => trainer.said().includes('CLV model fitted'))
  } finally {
    await trainer.kill('SIGTERM')
  }
  expect(trainer.child.exitCode).toBe(0)
})
