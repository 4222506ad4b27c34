import { afterEach, describe, expect, test } from 'vitest'
import { load } from '../../bench/generator.ts'
import type { Customer } from '../../schemas/avro/customer.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'
import { parseSettings } from '../../schemas/settings.ts'
import { createDriver, type Driver } from '../driver.ts'
import {
  type CustomerRecord,
  expectChangesFollowRecords,
  expectExactlyOnce,
  expectViewEqualsLog,
  readCustomers,
} from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import {
  type RunningWorker,
  startWorker,
  startWorkerProcess,
  untilConfirmed,
  untilProcessed,
  type WorkerProcess,
} from './support/workers.ts'

const UNTIL = Date.UTC(2026, 0, 1)
const SETTINGS = { acme: { clock: 'event' }, globex: { clock: 'event' } }
const SMALL_BATCHES = { BATCH_MAX_RECORDS: '40', SESSION_TIMEOUT_MS: '1500' }

let installation: Installation
let running: RunningWorker[] = []
let processes: WorkerProcess[] = []

afterEach(async () => {
  for (const { worker } of running) await worker.stop()
  for (const { child, kill } of processes)
    if (child.exitCode === null && child.signalCode === null) await kill('SIGKILL')
  running = []
  processes = []
  await installation.close()
})

async function worker(env: Readonly<Record<string, string>> = {}): Promise<RunningWorker> {
  const started = await startWorker(installation, env)
  running.push(started)
  return started
}

/**
 * 120 days of few events for many customers, some of them late: most of them go quiet again and again. Of one topic, whose
 * order is the log's; that of several depends on what is there when a batch is taken.
 */
const someEvents = (seed: number, events: number): InputEvent[] =>
  [...load({ seed, events, customers: 300, until: UNTIL })].filter(({ topic }) => topic === 'interactions')

type Told = Pick<Customer, 'cause' | 'eventId' | 'asOf'> & { readonly band: string; readonly grade: string }

const told = ({ cause, eventId, asOf, churn, lead }: Customer): Told => ({
  cause,
  eventId,
  asOf,
  band: churn.band,
  grade: lead.grade,
})

/** What the topology in memory says of each customer: event by event, and then up to the stream time of his partition. */
function expected(
  events: readonly InputEvent[],
  records: readonly CustomerRecord[],
  now?: number,
): Map<string, Told[]> {
  const partitions = new Map(records.map(({ key, partition }) => [key!, partition]))
  const settings = parseSettings({ clock: 'event' })
  const drivers = new Map<string, Driver>()
  const reached = new Map<string, number>()
  for (const { topic, event } of events) {
    const name = `${event.tenantId} in ${partitions.get(customerKey(event.tenantId, event.customerId))}`
    const driver = drivers.get(name) ?? createDriver({ settings, now: Date.now() })
    drivers.set(name, driver)
    driver.pipe(topic, event)
    reached.set(name, Math.max(reached.get(name) ?? 0, event.occurredAt))
  }
  for (const [name, driver] of drivers) driver.passTime(now ?? reached.get(name)!)
  const customers = [...drivers.values()].flatMap((driver) => driver.read('customers'))
  return byCustomer(customers)
}

function byCustomer(customers: readonly Customer[]): Map<string, Told[]> {
  const groups = Map.groupBy(customers, ({ tenantId, customerId }) => customerKey(tenantId, customerId))
  return new Map([...groups].map(([key, group]) => [key, group.map(told)]))
}

/** Every record of every customer is that of the topology in memory, each once, in that order. */
async function expectQuietNews(events: readonly InputEvent[]): Promise<number> {
  await untilConfirmed(installation)
  const records = await readCustomers(installation)
  const found = byCustomer(records.map(({ customer }) => customer!))
  expect(found).toEqual(expected(events, records))
  await expectExactlyOnce(installation, events)
  await expectViewEqualsLog(installation)
  await expectChangesFollowRecords(installation)
  return records.filter(({ customer }) => customer!.cause === 'timer').length
}

describe('customers who go quiet are told of once, at the moments that the topology computes', () => {
  test('while workers are killed and follow each other', { timeout: 120_000 }, async () => {
    const events = someEvents(21, 3_000)
    installation = await makeInstallation({ settings: SETTINGS, clock: 'event' })
    for (let at = 0; at < events.length; at += 1_000) {
      await installation.sink.write(events.slice(at, at + 1_000))
      const victim = startWorkerProcess(installation, SMALL_BATCHES)
      processes.push(victim)
      const soFar = (await installation.read('customers')).length
      await waitFor(
        'the victim to be in the middle',
        async () => (await installation.read('customers')).length > soFar + 200,
      )
      await victim.kill('SIGKILL')
    }
    const last = await worker(SMALL_BATCHES)
    await untilProcessed(installation)
    expect(await expectQuietNews(events)).toBeGreaterThan(300)
    expect(last.worker.counters.events.failedTimers).toBe(0)
  })

  test('while Redis loses everything, with events under way and without', { timeout: 120_000 }, async () => {
    const events = someEvents(22, 3_000)
    installation = await makeInstallation({ settings: SETTINGS, clock: 'event' })
    const only = await worker(SMALL_BATCHES)
    await installation.sink.write(events.slice(0, 1_000))
    await untilProcessed(installation)
    await installation.sink.write(events.slice(1_000, 2_000))
    await forgetView()
    await untilProcessed(installation)
    await untilConfirmed(installation)
    await forgetView()
    await waitFor('every partition to be back', async () => {
      const back = Array.from({ length: PARTITIONS }, (_, p) =>
        installation.redis.exists(installation.keys.position(p)),
      )
      return (await Promise.all(back)).every((exists) => exists === 1)
    })
    await installation.sink.write(events.slice(2_000))
    await untilProcessed(installation)
    expect(await expectQuietNews(events)).toBeGreaterThan(300)
    expect(only.worker.counters.restoredRecords).toBeGreaterThan(0)
  })

  test('whose time came while nobody worked, over a kill and a Redis that lost everything', {
    timeout: 120_000,
  }, async () => {
    const events = someEvents(25, 2_000)
    installation = await makeInstallation({ settings: SETTINGS, clock: 'event' })
    const first = await worker(SMALL_BATCHES)
    await installation.sink.write(events.slice(0, 1_000))
    await untilProcessed(installation)
    await untilConfirmed(installation)
    await first.worker.stop()
    running = []
    // Two months pass.
    await installation.sink.write(events.slice(1_000))
    await forgetView()
    const before = (await installation.read('customers')).length
    const victim = startWorkerProcess(installation, SMALL_BATCHES)
    processes.push(victim)
    await waitFor('some timers', async () => (await installation.read('customers')).length > before + 300)
    await victim.kill('SIGKILL')
    await forgetView()
    await worker(SMALL_BATCHES)
    await untilProcessed(installation)
    expect(await expectQuietNews(events)).toBeGreaterThan(200)
  })

  test('however a restart cuts the time', { timeout: 120_000 }, async () => {
    const events = someEvents(23, 2_000)
    installation = await makeInstallation({ settings: SETTINGS, clock: 'event' })
    for (let at = 0; at < events.length; at += 500) {
      const current = await worker(SMALL_BATCHES)
      await installation.sink.write(events.slice(at, at + 500))
      await untilProcessed(installation)
      await current.worker.stop()
      running = []
    }
    const last = await worker()
    expect(await expectQuietNews(events)).toBeGreaterThan(200)
    expect(last.worker.counters.restoredRecords).toBe(0)
  })
})

test('by the wall clock, they are told of when all events that came have been taken', {
  timeout: 120_000,
}, async () => {
  const events = someEvents(24, 1_500)
  installation = await makeInstallation()
  await installation.sink.write(events)
  await worker(SMALL_BATCHES)
  await untilProcessed(installation)
  await untilConfirmed(installation)
  await expectExactlyOnce(installation, events)
  await expectViewEqualsLog(installation)
  await expectChangesFollowRecords(installation)
  const records = await readCustomers(installation)
  // Up to the wall's time, and no further.
  const atWall = expected(events, records, Date.now())
  expect(byCustomer(records.map(({ customer }) => customer!))).toEqual(atWall)
  for (const [key, group] of Map.groupBy(records, ({ key }) => key)) {
    const times = group.map(({ customer }) => customer!.asOf)
    expect(times, key!).toEqual(times.toSorted((a, b) => a - b))
  }
})

/** All that workers keep in Redis of the partitions. */
async function forgetView(): Promise<void> {
  const { redis, group } = installation
  const names = await redis.keys(`${group}:{*`)
  if (names.length > 0) await redis.unlink(names)
}
