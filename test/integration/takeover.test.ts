import { afterEach, describe, expect, test } from 'vitest'
import { load } from '../../bench/generator.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { withAdmin } from './stack-clients.ts'
import { expectChangesFollowRecords, expectExactlyOnce, expectViewEqualsLog } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import {
  inputOffsets,
  type RunningWorker,
  startWorker,
  startWorkerProcess,
  untilConfirmed,
  untilProcessed,
  type WorkerProcess,
} from './support/workers.ts'

const UNTIL = Date.UTC(2026, 0, 1)
/** Small batches, so that there is a middle to stop in. */
const SMALL_BATCHES = { BATCH_MAX_RECORDS: '50' }

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

const someEvents = (seed: number, events: number): InputEvent[] => [
  ...load({ seed, events, customers: 120, until: UNTIL }),
]

async function worker(env: Readonly<Record<string, string>> = {}): Promise<RunningWorker> {
  const started = await startWorker(installation, env)
  running.push(started)
  return started
}

async function stop(started: RunningWorker): Promise<void> {
  await started.worker.stop()
  running = running.filter((each) => each !== started)
}

function workerProcess(env: Readonly<Record<string, string>> = {}): WorkerProcess {
  const started = startWorkerProcess(installation, env)
  processes.push(started)
  return started
}

async function processedOf(total: number): Promise<number> {
  const offsets = await inputOffsets(installation)
  return total - offsets.reduce((left, { committed, end }) => left + end - committed, 0)
}

async function expectAllAsItShouldBe(events: readonly InputEvent[]): Promise<void> {
  await untilConfirmed(installation)
  await expectExactlyOnce(installation, events)
  await expectViewEqualsLog(installation)
  await expectChangesFollowRecords(installation)
  for (const { name, committed, end } of await inputOffsets(installation))
    expect([name, committed]).toEqual([name, end])
}

test('workers that are killed in the middle lose nothing and repeat nothing', async () => {
  const events = someEvents(1, 6_000)
  installation = await makeInstallation()
  await installation.sink.write(events)
  for (const share of [0.2, 0.5]) {
    const victim = workerProcess({ ...SMALL_BATCHES, SESSION_TIMEOUT_MS: '1500' })
    await waitFor(
      'the victim to be in the middle',
      async () => (await processedOf(events.length)) > events.length * share,
    )
    await victim.kill('SIGKILL')
    expect(await processedOf(events.length)).toBeLessThan(events.length)
  }
  await worker()
  await untilProcessed(installation)
  await expectAllAsItShouldBe(events)
})

test('a worker that is killed while another works hands its partitions over', async () => {
  const events = someEvents(2, 6_000)
  installation = await makeInstallation()
  const survivor = await worker({ ...SMALL_BATCHES, SESSION_TIMEOUT_MS: '1500' })
  const victim = workerProcess({ ...SMALL_BATCHES, SESSION_TIMEOUT_MS: '1500' })
  await waitFor('both to share the partitions', () => {
    const { length } = survivor.worker.tasks
    return victim.said().includes('partitions assigned') && length > 0 && length < PARTITIONS
  })
  await installation.sink.write(events)
  await waitFor('both to be in the middle', async () => (await processedOf(events.length)) > events.length / 4)
  await victim.kill('SIGKILL')
  await untilProcessed(installation)
  expect(survivor.worker.tasks).toHaveLength(PARTITIONS)
  await expectAllAsItShouldBe(events)
})

test('workers that come and go in an orderly way hand over without a gap', async () => {
  const events = someEvents(3, 6_000)
  installation = await makeInstallation()
  let current = await worker(SMALL_BATCHES)
  for (let at = 0; at < events.length; at += 1_000) {
    await installation.sink.write(events.slice(at, at + 1_000))
    const next = await worker(SMALL_BATCHES)
    await stop(current)
    current = next
  }
  await untilProcessed(installation)
  await expectAllAsItShouldBe(events)
  expect(current.worker.counters.restoredRecords).toBe(0)
})

describe('Redis', () => {
  test('that loses everything under way is rebuilt from the log, and the mark comes and goes', async () => {
    const events = someEvents(4, 4_000)
    installation = await makeInstallation()
    const { redis, keys } = installation
    const only = await worker(SMALL_BATCHES)
    await installation.sink.write(events.slice(0, 2_000))
    await untilProcessed(installation)
    await untilConfirmed(installation)

    const marks = watchMarks(installation)
    // FLUSHALL would take the other tests' views along: this is all of it that these workers see.
    await installation.sink.write(events.slice(2_000, 3_000))
    await forgetView(installation)
    await installation.sink.write(events.slice(3_000))
    await untilProcessed(installation)
    await waitFor('the rebuild', () => only.worker.counters.restoredRecords > 0)
    await expectAllAsItShouldBe(events)
    expect((await marks.stop()).size).toBeGreaterThan(0)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      expect(await redis.exists(keys.rebuilding(partition))).toBe(0)
    }
  })

  test('that loses everything while nothing comes is found and rebuilt', async () => {
    const events = someEvents(5, 2_000)
    installation = await makeInstallation()
    await worker()
    await installation.sink.write(events)
    await untilProcessed(installation)
    await untilConfirmed(installation)
    await forgetView(installation)
    await waitFor('every partition to be back', async () =>
      (await positions(installation)).every((each) => each !== null),
    )
    await expectAllAsItShouldBe(events)
  })

  test('that falls back to an older copy is brought up to date, not believed', async () => {
    const events = someEvents(6, 3_000)
    installation = await makeInstallation()
    const { redis, keys } = installation
    const first = await worker()
    await installation.sink.write(events.slice(0, 1_000))
    await untilProcessed(installation)
    await untilConfirmed(installation)
    const names = (await redis.keys(`${installation.group}:{*`)).filter((name) => !name.includes(':rebuilding'))
    const copies = await Promise.all(names.map(async (name) => [name, (await redis.dumpBuffer(name))!] as const))
    await installation.sink.write(events.slice(1_000, 2_000))
    await untilProcessed(installation)
    await untilConfirmed(installation)

    for (const [name, bytes] of copies) await redis.restore(name, 0, bytes, 'REPLACE')
    await installation.sink.write(events.slice(2_000))
    await untilProcessed(installation)
    await expectAllAsItShouldBe(events)
    expect(first.worker.counters.restoredRecords).toBeGreaterThan(0)
    expect(await redis.hget(keys.meta, 'partitions')).toBe(String(PARTITIONS))
  })

  test('that holds another cluster’s view is emptied first: nobody of it stays', async () => {
    const events = someEvents(7, 500)
    installation = await makeInstallation()
    const { redis, keys } = installation
    const stranger = {
      offset: '3',
      inputs: '{"x":1}',
      cluster: 'another',
      topic: installation.topic('customers'),
      at: '0',
    }
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await redis.hset(keys.position(partition), stranger)
      await redis.hset(keys.customers(partition), 'acme/stranger', 'bytes')
      await redis.sadd(keys.tenants(partition), 'acme')
      await redis.zadd(keys.top(partition, 'acme', 'lead'), 5, 'stranger')
    }
    await installation.sink.write(events)
    await worker()
    await untilProcessed(installation)
    await expectAllAsItShouldBe(events)
  })
})

describe('the group’s offsets', () => {
  /** Nobody is in the group, or it can't be deleted. */
  async function deleteOffsets(): Promise<void> {
    await withAdmin(installation.env['KAFKA_BROKERS']!, (admin) => admin.deleteGroups([installation.group]))
    for (const { committed } of await inputOffsets(installation)) expect(committed).toBe(0)
  }

  test('that are deleted are found again with the view in Redis', async () => {
    const events = someEvents(8, 2_000)
    installation = await makeInstallation()
    const first = await worker()
    await installation.sink.write(events.slice(0, 1_000))
    await untilProcessed(installation)
    await untilConfirmed(installation)
    await stop(first)
    await deleteOffsets()
    await installation.sink.write(events.slice(1_000))
    const second = await worker()
    await untilProcessed(installation)
    await expectAllAsItShouldBe(events)
    expect(second.worker.counters.events.drops).toEqual(new Map())
  })

  test('that are deleted, and Redis emptied, are found in the last customers record', async () => {
    const events = someEvents(9, 2_000)
    installation = await makeInstallation()
    const first = await worker(SMALL_BATCHES)
    await installation.sink.write(events.slice(0, 1_000))
    await untilProcessed(installation)
    await stop(first)
    await deleteOffsets()
    await forgetView(installation)
    await installation.sink.write(events.slice(1_000))
    const second = await worker(SMALL_BATCHES)
    await untilProcessed(installation)
    await expectAllAsItShouldBe(events)
    expect(second.worker.counters.events.drops).toEqual(new Map())
  })

  test('that can not be found again stop the partition with the reason: nothing begins anew over a state', async () => {
    const events = someEvents(10, 500)
    installation = await makeInstallation()
    const first = await worker()
    await installation.sink.write(events)
    await untilProcessed(installation)
    await stop(first)
    await deleteOffsets()
    await forgetView(installation)
    // Customers records of somebody who knows nothing of input offsets. (Records of a topic that is only compacted can't
    // be removed from its start.)
    const topic = installation.topic('customers')
    await withAdmin(installation.env['KAFKA_BROKERS']!, (admin) => {
      const configEntries = [{ name: 'cleanup.policy', value: 'compact,delete' }]
      return admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] })
    })
    const records = await installation.read('customers')
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const last = records.filter((record) => record.partition === partition).at(-1)!
      const { key, value } = last
      await removeRecords(installation, topic, partition, last.offset + 1)
      await installation.produce([{ topic, key: Buffer.from(key!), value, timestamp: Date.now(), partition }])
    }
    const second = await worker()
    await waitFor('all partitions to be paused', () => {
      const { tasks } = second.worker
      return tasks.length === PARTITIONS && tasks.every(({ state }) => state === 'paused')
    })
    for (const { failure } of second.worker.tasks) {
      expect(failure).toMatchObject({ code: 'OFFSETS_UNKNOWN', message: expect.stringContaining('customers') })
    }
    expect(second.log.filter(({ level }) => level === 'error')).toHaveLength(PARTITIONS)
  })
})

test('records that retention removed before they were read are counted and reported, and the rest is processed', async () => {
  const events = someEvents(11, 900)
  installation = await makeInstallation()
  const first = await worker()
  await installation.sink.write(events.slice(0, 300))
  await untilProcessed(installation)
  await stop(first)
  const missed = events.slice(300, 600)
  await installation.sink.write(missed)
  for (const { name, end } of await inputOffsets(installation)) {
    const [topic, partition] = [name.slice(0, name.lastIndexOf('/')), Number(name.slice(name.lastIndexOf('/') + 1))]
    if (end > 0) await removeRecords(installation, topic, partition, end)
  }
  await installation.sink.write(events.slice(600))
  const second = await worker()
  await untilProcessed(installation)
  await expectExactlyOnce(installation, [...events.slice(0, 300), ...events.slice(600)])
  expect(second.worker.counters.lostRecords).toBe(missed.length)
  expect(second.log.some(({ code, level }) => code === 'RECORDS_LOST' && level === 'error')).toBe(true)
})

/** All that workers keep in Redis of the partitions. */
async function forgetView({ redis, group }: Installation): Promise<void> {
  const names = await redis.keys(`${group}:{*`)
  if (names.length > 0) await redis.unlink(names)
}

async function positions({ redis, keys }: Installation): Promise<(string | null)[]> {
  return await Promise.all(
    Array.from({ length: PARTITIONS }, (_, partition) => redis.hget(keys.position(partition), 'offset')),
  )
}

/** Looks for the marks of a rebuild for as long as it may. */
function watchMarks({ redis, keys }: Installation): { stop(): Promise<Set<number>> } {
  const seen = new Set<number>()
  let watching = true
  const looking = (async () => {
    while (watching) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        if ((await redis.exists(keys.rebuilding(partition))) === 1) seen.add(partition)
      }
    }
    return seen
  })()
  return {
    stop: () => {
      watching = false
      return looking
    },
  }
}

async function removeRecords({ env }: Installation, topic: string, partition: number, before: number): Promise<void> {
  await withAdmin(env['KAFKA_BROKERS']!, async (admin) => {
    await admin.fetchTopicMetadata({ topics: [topic] })
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] })
  })
}
