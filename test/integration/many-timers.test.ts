import { afterEach, beforeEach, expect, test } from 'vitest'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey, partitionOf } from '../../schemas/partition.ts'
import { DAY, interaction } from '../processors/build-event.ts'
import { readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { type RunningWorker, startWorker, untilConfirmed, untilProcessed } from './support/workers.ts'

const THEN = Date.UTC(2025, 0, 1)
const QUIET = 5_000
const LIVE = 200
const BATCH = 10
/** See runtime/task-timers.ts. */
const CUSTOMERS_BESIDE_EVENTS = 100
const CUSTOMERS_ALONE = 200

let installation: Installation
let running: RunningWorker | null = null

beforeEach(async () => {
  installation = await makeInstallation({ settings: { acme: { clock: 'event' } }, clock: 'event' })
})

afterEach(async () => {
  await running?.worker.stop()
  running = null
  await installation.close()
})

/** Ids of customers of one partition. */
function someIds(prefix: string, count: number): string[] {
  const ids: string[] = []
  for (let i = 0; ids.length < count; i++) {
    if (partitionOf(Buffer.from(customerKey('acme', `${prefix}${i}`)), PARTITIONS) === 0) ids.push(`${prefix}${i}`)
  }
  return ids
}

function visits(ids: readonly string[], name: string, at: number): InputEvent[] {
  return ids.map((customerId, i) => ({
    topic: 'interactions',
    event: interaction({ tenantId: 'acme', customerId, eventId: `${name}-${i}`, type: 'page_view', occurredAt: at }),
  }))
}

/** How often the index of timers was read since statistics began. */
async function indexReads(): Promise<number> {
  const stats = await installation.redis.info('commandstats')
  return Number(/cmdstat_zrangebyscore:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}

async function work(env: Readonly<Record<string, string>> = {}): Promise<RunningWorker> {
  running = await startWorker(installation, env)
  return running
}

async function stop(): Promise<void> {
  await running?.worker.stop()
  running = null
}

test('pending timers are not read until the first is due; thousands that are due at once let waiting events through', async () => {
  const quiet = someIds('quiet-', QUIET)
  const live = someIds('live-', LIVE)
  await work()
  await installation.sink.write(visits(quiet, 'first', THEN))
  await untilProcessed(installation)
  await untilConfirmed(installation)
  const timers = installation.keys.timers(0, 'acme')
  expect(await installation.redis.zcard(timers)).toBe(QUIET)

  await installation.redis.config('RESETSTAT')
  for (let i = 0; i < 20; i++) {
    await installation.sink.write(visits(live.slice(i, i + 1), `early-${i}`, THEN + i))
    await untilProcessed(installation)
  }
  expect(await indexReads()).toBe(0)
  await stop()

  // The first of these makes all of them due; the others wait behind it.
  await installation.sink.write(visits(live, 'late', THEN + 300 * DAY))
  await work({ BATCH_MAX_RECORDS: String(BATCH) })
  await untilProcessed(installation)
  await untilConfirmed(installation)

  const records = (await readCustomers(installation)).filter(({ partition }) => partition === 0)
  const from = records.findIndex(({ customer }) => customer!.eventId.startsWith('late-'))
  const units: { events: number; looked: Set<string> }[] = [{ events: 0, looked: new Set() }]
  let lastWithEvents = 0
  for (const { customer, key, headers } of records.slice(from)) {
    const unit = units.at(-1)!
    if (customer!.cause === 'event') unit.events++
    else unit.looked.add(key!)
    if (unit.events > 0) lastWithEvents = units.length - 1
    if (headers['inputs'] !== undefined) units.push({ events: 0, looked: new Set() })
  }
  for (const { events, looked } of units) {
    expect(looked.size).toBeLessThanOrEqual(events > 0 ? CUSTOMERS_BESIDE_EVENTS + BATCH : CUSTOMERS_ALONE)
  }
  // In the units that the events take up, and a few without any while the next are fetched.
  expect(lastWithEvents).toBeLessThanOrEqual(LIVE / BATCH + 4)
  const firedIds = records.flatMap(({ customer }) => (customer!.cause === 'timer' ? [customer!.eventId] : []))
  expect(new Set(firedIds).size).toBe(firedIds.length)
  const told = new Set(records.flatMap(({ customer, key }) => (customer!.cause === 'timer' ? [key] : [])))
  expect(quiet.every((id) => told.has(customerKey('acme', id)))).toBe(true)
  expect(await installation.redis.zcount(timers, '-inf', THEN + 300 * DAY - 1)).toBe(0)
})
