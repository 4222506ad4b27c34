import { afterEach, beforeEach, expect, test } from 'vitest'
import { load } from '../../bench/generator.ts'
import { expectExactlyOnce, expectViewEqualsLog } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { kafkajsReads } from './support/kafkajs-reads.ts'
import { waitFor } from './support/wait-for.ts'
import { startWorkerProcess, untilConfirmed, untilProcessed, type WorkerProcess } from './support/workers.ts'
import { startTcpProxy } from './tcp-proxy.ts'

const events = [...load({ seed: 31, events: 9_000, customers: 200, until: Date.UTC(2026, 0, 1) })]

let installation: Installation
const workers: WorkerProcess[] = []

beforeEach(async () => {
  installation = await makeInstallation()
})

afterEach(async () => {
  for (const each of workers.splice(0)) if (each.child.exitCode === null) await each.kill('SIGKILL')
  await installation.close()
})

function work(env: Readonly<Record<string, string>> = {}): WorkerProcess {
  // A session that outlives the test: a partition that changes hands was handed over.
  const worker = startWorkerProcess(installation, { BATCH_MAX_RECORDS: '100', SESSION_TIMEOUT_MS: '120000', ...env })
  workers.push(worker)
  return worker
}

/** Partitions by worker, as the workers report them. */
async function owned(): Promise<number[]> {
  const reports = await installation.redis.hvals(installation.keys.workers)
  return reports.map((json) => (JSON.parse(json) as { tasks: unknown[] }).tasks.length)
}

async function expectNothingAborted(): Promise<void> {
  const brokers = installation.env['KAFKA_BROKERS']!
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const asked = { brokers, topic: installation.topic('customers'), partition }
    const [committed, all] = [await kafkajsReads(asked), await kafkajsReads({ ...asked, readUncommitted: true })]
    expect(all).toHaveLength(committed.length)
  }
}

test('a worker that is told to stop ends its batch, hands its partitions over and exits with 0', async () => {
  const [staying, leaving] = [work(), work()]
  await waitFor('both to own partitions', async () => {
    const counts = await owned()
    return counts.length === 2 && counts.every((count) => count > 0)
  })
  for (let at = 0; at < events.length; at += 500) {
    await installation.sink.write(events.slice(at, at + 500))
    if (at === 3_000) await leaving.kill('SIGTERM')
  }
  expect(leaving.child.exitCode, leaving.said()).toBe(0)
  await untilProcessed(installation)
  await staying.kill('SIGTERM')
  expect(staying.child.exitCode, staying.said()).toBe(0)
  await expectExactlyOnce(installation, events)
  await expectNothingAborted()
  await untilConfirmed(installation)
  await expectViewEqualsLog(installation)
  // A worker that has stopped is no longer listed.
  expect(await owned()).toEqual([])
})

test('a Redis that does not answer holds up nobody who is told to stop; the next owner does what was left', async () => {
  const { hostname, port } = new URL(installation.config.REDIS_URL)
  const proxy = await startTcpProxy(hostname, Number(port))
  try {
    const first = work({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
    await installation.sink.write(events.slice(0, 3_000))
    await untilProcessed(installation)
    proxy.stall()
    await installation.sink.write(events.slice(3_000, 6_000))
    // It exits by itself, or this test waits in vain.
    await first.kill('SIGTERM')
    expect(first.child.exitCode, first.said()).toBe(0)
    const second = work()
    await installation.sink.write(events.slice(6_000))
    await untilProcessed(installation)
    await second.kill('SIGTERM')
    await expectExactlyOnce(installation, events)
    await expectViewEqualsLog(installation)
  } finally {
    await proxy.close()
  }
})
