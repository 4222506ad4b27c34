import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { load } from '../../bench/generator.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'
import { INPUT_TOPICS } from '../../schemas/topics.ts'
import {
  expectChangesFollowRecords,
  expectExactlyOnce,
  expectViewEqualsLog,
  readCustomers,
} from './support/check-results.ts'
import { type Installation, makeInstallation } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import { inputOffsets, type RunningWorker, startWorker, untilConfirmed, untilProcessed } from './support/workers.ts'

const UNTIL = Date.UTC(2026, 0, 1)
const EVENTS = 6_000
const events = [...load({ seed: 7, events: EVENTS, customers: 300, until: UNTIL })]
const duplicates = events.filter((_event, i) => i % 97 === 0)

let installation: Installation
const workers: RunningWorker[] = []

beforeAll(async () => {
  installation = await makeInstallation()
  // The first half waits in the topics before anybody works, the second half comes while two workers do.
  await installation.sink.write(events.slice(0, EVENTS / 2))
  workers.push(await startWorker(installation, { BATCH_MAX_RECORDS: '200' }))
  workers.push(await startWorker(installation, { BATCH_MAX_RECORDS: '200' }))
  for (let at = EVENTS / 2; at < EVENTS; at += 500) await installation.sink.write(events.slice(at, at + 500))
  await untilProcessed(installation)
  await waitFor('both workers to own partitions', () => workers.every(({ worker }) => worker.tasks.length > 0))
})

afterAll(async () => {
  for (const { worker } of workers) await worker.stop()
  await installation.close()
})

test('every event gives exactly one customers record, in order per customer', async () => {
  await expectExactlyOnce(installation, events)
})

test('Redis equals the log: the last record of each customer byte for byte, and the indexes', async () => {
  await untilConfirmed(installation)
  await expectViewEqualsLog(installation)
})

test('each change of a grade or band was sent once, and what is held is what was sent last', async () => {
  await expectChangesFollowRecords(installation)
})

test('the group has committed the ends of all input partitions', async () => {
  for (const { name, committed, end } of await inputOffsets(installation))
    expect([name, committed]).toEqual([name, end])
})

test('events sent again are dropped and counted', async () => {
  const before = await readCustomers(installation)
  const last = duplicatesAmongLast(duplicates)
  await installation.sink.write(last)
  await untilProcessed(installation)
  expect(await readCustomers(installation)).toHaveLength(before.length)
  const dropped = workers.map(({ worker }) => worker.counters.events.drops.get('duplicate') ?? 0)
  expect(dropped.reduce((sum, count) => sum + count)).toBe(last.length)
})

test('the workers’ counts add up to the events', () => {
  const scored = workers.reduce((sum, { worker }) => sum + worker.counters.events.scored, 0)
  expect(scored).toBe(EVENTS)
  for (const { worker } of workers) expect(worker.counters.events.deadLetters).toEqual(new Map())
})

test('what waited in the topics was taken in the order of event time, customer by customer', async () => {
  // An installation of its own: all is there before its worker begins.
  const replay = await makeInstallation({ env: { MERGE_WAIT_MS: '60000' } })
  try {
    // Within a topic the order of the log stands, so the late ones are sent in their place.
    const sorted = events.toSorted((a, b) => a.event.occurredAt - b.event.occurredAt)
    const topicsLastFirst = INPUT_TOPICS.toReversed()
    for (const topic of topicsLastFirst) await replay.sink.write(sorted.filter((each) => each.topic === topic))
    const { worker } = await startWorker(replay)
    try {
      await untilProcessed(replay)
    } finally {
      await worker.stop()
    }
    const records = (await readCustomers(replay)).filter(({ customer }) => customer?.cause === 'event')
    expect(records).toHaveLength(EVENTS)
    const order: readonly string[] = INPUT_TOPICS
    const rank = (topic: string | undefined): number => order.indexOf(topic ?? '')
    for (const own of Map.groupBy(records, ({ key }) => key).values()) {
      for (const [i, { customer, headers }] of own.slice(0, -1).entries()) {
        const next = own[i + 1]!
        const later =
          next.customer!.occurredAt - customer!.occurredAt || rank(next.headers['topic']) - rank(headers['topic'])
        expect(later).toBeGreaterThanOrEqual(0)
      }
    }
  } finally {
    await replay.close()
  }
})

test('events that come one by one share transactions, of which there is no more than one an interval', async () => {
  const paced = await makeInstallation({ env: { TRANSACTION_INTERVAL_MS: '1000', TASKS: 'customers' } })
  const { worker } = await startWorker(paced)
  try {
    const [one] = [...Map.groupBy(events, ({ event }) => event.customerId).values()].filter((own) => own.length >= 40)
    await paced.sink.write(one!.slice(0, 1))
    await untilProcessed(paced)
    const [batches, began] = [worker.counters.batches, performance.now()]
    for (const event of one!.slice(1, 40)) {
      await paced.sink.write([event])
      await sleep(10)
    }
    await untilProcessed(paced)
    const seconds = (performance.now() - began) / 1000
    expect(worker.counters.events.scored).toBe(40)
    expect(worker.counters.batches - batches).toBeLessThanOrEqual(1 + Math.ceil(seconds))
  } finally {
    await worker.stop()
    await paced.close()
  }
})

/** Of some events those whose ids their customers still remember: each is among the last 32 of its customer. */
function duplicatesAmongLast(some: readonly InputEvent[]): InputEvent[] {
  const perCustomer = Map.groupBy(events, ({ event }) => customerKey(event.tenantId, event.customerId))
  const remembered = new Set([...perCustomer.values()].flatMap((each) => each.slice(-20)))
  return some.filter((each) => remembered.has(each))
}
