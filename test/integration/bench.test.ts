import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const BENCH = fileURLToPath(new URL('../../bench/bench.ts', import.meta.url))

test('the benchmark runs all of its parts small and finds every event once', { timeout: 600_000 }, async () => {
  const child = spawn(process.execPath, [BENCH, '--smoke'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, progress] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    progress += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  expect(code, progress.slice(-4_000)).toBe(0)

  const report = JSON.parse(output) as Record<string, unknown>
  const positive = expect.toSatisfy((value) => Number.isFinite(value) && value > 0)
  expect(report['throughput']).toMatchObject({
    events: 20_000,
    workers: 2,
    missing: 0,
    doubled: 0,
    eventsPerSecond: positive,
    resultsPerEvent: positive,
    peakWorkerMib: positive,
    redisMib: positive,
    knownCustomers: 6_321,
  })
  expect(report['latency']).toMatchObject([
    { ratePerSecond: 500, measured: 1_500, missing: 0, p50Ms: positive, p99Ms: positive },
  ])
  expect(report['takeover']).toMatchObject({ lossToFirstScoreMs: positive, noticedAfterMs: positive })
  expect(report['timers']).toMatchObject({
    pendingTimers: 2_000,
    firedTimers: expect.toSatisfy((fired) => fired >= 2_000),
    liveP99Ms: positive,
  })
  expect(report['rebuild']).toMatchObject({
    customers: 5_000,
    records: expect.toSatisfy((records) => records >= 5_000),
    customersPerSecond: positive,
  })
  expect(report['model']).toMatchObject({
    scores: [
      { terms: 240, nanos: positive },
      { terms: 460, nanos: positive },
    ],
    events: [{ micros: positive }, { micros: positive }],
    training: { examples: 2_000, features: 50, cpuSeconds: positive, auc: positive },
  })
  expect(report['profiles']).toMatchObject({
    cpu: { events: 5_000, workers: 2, calls: positive, perEvent: positive },
    heap: { events: 5_000, workers: 2, calls: positive, perEvent: positive },
  })
})
