import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { initialise } from '../runtime/init.ts'
import { applicationId } from '../runtime/kafka-settings.ts'
import type { InputEvent } from '../schemas/events.ts'
import { redisKeys } from '../schemas/redis-keys.ts'
import { cpuSeconds } from './process-usage.ts'
import { followResults } from './results-reader.ts'
import { type Bench, fill, openSink, startWorkerProcess, until } from './setup.ts'

export interface TimersOptions {
  /** One timer each. */
  readonly customers: number
  /** Live events a second, while timers are due, and for how long. */
  readonly rate: number
  readonly seconds: number
  /** How long the timers are watched while they wait. */
  readonly idleSeconds: number
}

export interface Timers {
  readonly pendingTimers: number
  readonly redisBytesPerTimer: number
  /** Of a core, while all timers wait and nothing comes. */
  readonly idleWorkerCpuShare: number
  readonly idleRedisCpuShare: number
  readonly firedTimers: number
  readonly firedWithinSeconds: number
  readonly liveEventsPerSecond: number
  /** From when a live event should have been written to when its result was read, while all timers are due. */
  readonly liveP50Ms: number
  readonly liveP99Ms: number
  readonly liveMaxMs: number
}

const THEN = Date.now() - 300 * 86_400_000

function visit(number: number, customerId: string, occurredAt: number): InputEvent {
  const head = { eventId: `e${String(number).padStart(12, '0')}`, tenantId: 'default', customerId, occurredAt }
  const visit = { type: 'page_view', channel: null, itemId: null, durationMs: null, properties: {} }
  return { topic: 'interactions', event: { ...head, ...visit } }
}

/**
 * Timers of quiet customers: what they cost while they wait, and what live events wait when all are due at once. Customers
 * have one event each and go quiet; months later live events come, which make every timer due.
 */
export async function measureTimers(
  bench: Bench,
  { customers, rate, seconds, idleSeconds }: TimersOptions,
): Promise<Timers> {
  await useEventClock(bench)
  const redis = new Redis(bench.config.REDIS_URL)
  const keys = redisKeys(applicationId(bench.config))
  const dueAt = new Float64Array(rate * seconds)
  const latencies: number[] = []
  let scored = 0
  let fired = 0
  let lastTimerAt = 0
  const stop = await followResults(
    bench.config.KAFKA_BROKERS,
    `${bench.config.TOPIC_PREFIX}customers`,
    'start',
    (event) => {
      if (event < customers) scored++
      else latencies.push(performance.now() - dueAt[event - customers]!)
    },
    () => {
      fired++
      lastTimerAt = performance.now()
    },
  )
  await fill(
    bench,
    Array.from({ length: customers }, (_, i) => visit(i, `c${i}`, THEN + (i % 1_000))),
  )
  const worker = startWorkerProcess(bench)
  await until(() => scored === customers, 120_000, 'the last customer')

  const before = [cpuSeconds(worker.pid), await redisCpu(redis)] as const
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1_000))
  const idle = [cpuSeconds(worker.pid) - before[0], (await redisCpu(redis)) - before[1]] as const
  let bytes = 0
  let pending = 0
  for (let partition = 0; partition < bench.config.PARTITIONS; partition++) {
    const name = keys.timers(partition, 'default')
    bytes += (await redis.memory('USAGE', name, 'SAMPLES', 0)) ?? 0
    pending += await redis.zcard(name)
  }

  const sink = await openSink(bench)
  const start = performance.now()
  for (let sent = 0; sent < dueAt.length; ) {
    const upTo = Math.min(dueAt.length, Math.floor(((performance.now() - start) / 1_000) * rate))
    const slice: InputEvent[] = []
    for (; sent < upTo; sent++) {
      dueAt[sent] = start + (sent / rate) * 1_000
      slice.push(visit(customers + sent, `live-${sent % 1_000}`, Date.now()))
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
    pendingTimers: pending,
    redisBytesPerTimer: Math.round(bytes / pending),
    idleWorkerCpuShare: Math.round((1_000 * idle[0]) / idleSeconds) / 1_000,
    idleRedisCpuShare: Math.round((1_000 * idle[1]) / idleSeconds) / 1_000,
    firedTimers: fired,
    firedWithinSeconds: Math.round((lastTimerAt - start) / 100) / 10,
    liveEventsPerSecond: rate,
    liveP50Ms: quantile(0.5),
    liveP99Ms: quantile(0.99),
    liveMaxMs: quantile(1),
  }
  await sink.close()
  await stop()
  redis.disconnect()
  await worker.kill('SIGTERM')
  return report
}

async function useEventClock({ config }: Bench): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'everscore-bench-'))
  try {
    const file = join(folder, 'settings.json')
    await writeFile(file, JSON.stringify({ default: { clock: 'event' } }))
    await initialise(config, file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function redisCpu(redis: Redis): Promise<number> {
  const info = await redis.info('cpu')
  return Number(/used_cpu_sys:([\d.]+)/.exec(info)?.[1]) + Number(/used_cpu_user:([\d.]+)/.exec(info)?.[1])
}
