import { Redis } from 'ioredis'
import { applicationId } from '../runtime/kafka-settings.ts'
import type { InputEvent } from '../schemas/events.ts'
import { redisKeys } from '../schemas/redis-keys.ts'
import { cpuSeconds } from './process-usage.ts'
import { followResults } from './results-reader.ts'
import { fill, machine, openSink, say, startBench, startWorkerProcess, stopBench, until } from './setup.ts'

/*
 * Timers of quiet customers: what they cost while they wait, and what live events wait when all are due at once.
 * Customers have one event each and go quiet; months later live events come, which make every timer due.
 * Usage: node bench/timers.ts [customers] [live events a second] [seconds]
 */
const CUSTOMERS = Number(process.argv[2] ?? 100_000)
const RATE = Number(process.argv[3] ?? 1_000)
const SECONDS = Number(process.argv[4] ?? 20)
const PARTITIONS = 4
const IDLE_SECONDS = 10
const THEN = Date.now() - 300 * 86_400_000

function visit(number: number, customerId: string, occurredAt: number): InputEvent {
  const head = { eventId: `e${String(number).padStart(12, '0')}`, tenantId: 'default', customerId, occurredAt }
  const visit = { type: 'page_view', channel: null, itemId: null, durationMs: null, properties: {} }
  return { topic: 'interactions', event: { ...head, ...visit } }
}

const bench = await startBench(PARTITIONS, {}, { default: { clock: 'event' } })
try {
  const redis = new Redis(bench.config.REDIS_URL)
  const keys = redisKeys(applicationId(bench.config))
  const dueAt = new Float64Array(RATE * SECONDS)
  const latencies: number[] = []
  let scored = 0
  let fired = 0
  let lastTimerAt = 0
  const stop = await followResults(
    bench.config.KAFKA_BROKERS,
    `${bench.config.TOPIC_PREFIX}customers`,
    'start',
    (event) => {
      if (event < CUSTOMERS) scored++
      else latencies.push(performance.now() - dueAt[event - CUSTOMERS]!)
    },
    () => {
      fired++
      lastTimerAt = performance.now()
    },
  )
  await fill(
    bench,
    Array.from({ length: CUSTOMERS }, (_, i) => visit(i, `c${i}`, THEN + (i % 1_000))),
  )
  const worker = startWorkerProcess(bench)
  await until(() => scored === CUSTOMERS, 120_000, 'the last customer')

  const before = [cpuSeconds(worker.pid), await redisCpu(redis)] as const
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1_000))
  const idle = [cpuSeconds(worker.pid) - before[0], (await redisCpu(redis)) - before[1]] as const
  let bytes = 0
  let pending = 0
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const name = keys.timers(partition, 'default')
    bytes += (await redis.memory('USAGE', name, 'SAMPLES', 0)) ?? 0
    pending += await redis.zcard(name)
  }

  const sink = await openSink(bench)
  const start = performance.now()
  for (let sent = 0; sent < dueAt.length; ) {
    const upTo = Math.min(dueAt.length, Math.floor(((performance.now() - start) / 1_000) * RATE))
    const slice: InputEvent[] = []
    for (; sent < upTo; sent++) {
      dueAt[sent] = start + (sent / RATE) * 1_000
      slice.push(visit(CUSTOMERS + sent, `live-${sent % 1_000}`, Date.now()))
    }
    if (slice.length > 0) await sink.write(slice)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await until(() => latencies.length === dueAt.length, 120_000, 'the last live event')
  await until(() => fired >= pending, 120_000, 'the last timer')
  latencies.sort((a, b) => a - b)
  const quantile = (share: number): number =>
    Math.round(10 * latencies[Math.max(0, Math.ceil(share * latencies.length) - 1)]!) / 10
  const report = {
    machine: machine(),
    partitions: PARTITIONS,
    pendingTimers: pending,
    redisBytesPerTimer: Math.round(bytes / pending),
    idleWorkerCpuShare: Math.round((1_000 * idle[0]) / IDLE_SECONDS) / 1_000,
    idleRedisCpuShare: Math.round((1_000 * idle[1]) / IDLE_SECONDS) / 1_000,
    firedTimers: fired,
    firedWithinSeconds: Math.round((lastTimerAt - start) / 100) / 10,
    liveEventsPerSecond: RATE,
    liveP50Ms: quantile(0.5),
    liveP99Ms: quantile(0.99),
    liveMaxMs: quantile(1),
  }
  say('')
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  await sink.close()
  await stop()
  redis.disconnect()
  await worker.kill('SIGTERM')
} finally {
  await stopBench(bench)
}

async function redisCpu(redis: Redis): Promise<number> {
  const info = await redis.info('cpu')
  return Number(/used_cpu_sys:([\d.]+)/.exec(info)?.[1]) + Number(/used_cpu_user:([\d.]+)/.exec(info)?.[1])
}
