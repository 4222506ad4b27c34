import { Redis } from 'ioredis'
import { waitingFor } from '../api/installation-state.ts'
import { RedisLookup } from '../api/redis-lookup.ts'
import { serverAddress } from '../runtime/server-address.ts'
import type { InputEvent } from '../schemas/events.ts'
import { redisKeys } from '../schemas/redis-keys.ts'
import { logEnds } from './log-ends.ts'
import { type Bench, fill, say, startWorkerProcess, until } from './setup.ts'

export interface Rebuild {
  readonly customers: number
  /** Records of the changelog that were read; compaction makes them fewer. */
  readonly records: number
  /** From the assignment of the partitions until /ready says ready. */
  readonly seconds: number
  readonly customersPerSecond: number
  readonly recordsPerSecond: number
}

const SHOW_EVERY_MS = 2_000

/** One event a customer; then Redis loses everything, and a worker builds the view anew from the changelog. */
export async function measureRebuild(bench: Bench, customers: number): Promise<Rebuild> {
  const { config } = bench
  const redis = new Redis(serverAddress(config, 'REDIS_URL'))
  const keys = redisKeys(`${config.TOPIC_PREFIX}everscore`)
  const count = async (): Promise<number> => {
    const sizes = Array.from({ length: config.PARTITIONS }, (_, p) => redis.hlen(keys.customers(p)))
    return (await Promise.all(sizes)).reduce((sum, each) => sum + each, 0)
  }
  try {
    await fill(bench, oneEventEach(customers))
    const first = startWorkerProcess(bench)
    await untilAsync(async () => (await count()) === customers)
    await first.kill('SIGTERM')
    const records = await logEnds(config, 'customers')
    await redis.flushall()
    let assignedAt = 0
    const second = startWorkerProcess(bench, ({ message }) => {
      if (message === 'partitions assigned') assignedAt ||= performance.now()
    })
    await until(() => assignedAt > 0, 60_000, 'the assignment')
    const lookup = new RedisLookup(redis, keys)
    let shownAt = assignedAt
    await untilAsync(async () => {
      const waits = waitingFor(await lookup.installation(config.PARTITIONS), config.PARTITIONS, Date.now())
      if (waits.length > 0 && performance.now() - shownAt > SHOW_EVERY_MS) {
        shownAt = performance.now()
        say(waits.join('; '))
      }
      return waits.length === 0 && (await count()) === customers
    })
    const seconds = (performance.now() - assignedAt) / 1000
    await second.kill('SIGTERM')
    return {
      customers,
      records,
      seconds: Math.round(seconds * 100) / 100,
      customersPerSecond: Math.round(customers / seconds),
      recordsPerSecond: Math.round(records / seconds),
    }
  } finally {
    redis.disconnect()
  }
}

function* oneEventEach(customers: number): Generator<InputEvent> {
  const now = Date.now()
  for (let i = 0; i < customers; i++) {
    yield {
      topic: 'interactions',
      event: {
        eventId: `r${i}`,
        tenantId: 'acme',
        customerId: `c${i}`,
        type: 'login',
        occurredAt: now - (customers - i),
        channel: null,
        itemId: null,
        durationMs: null,
        properties: {},
      },
    }
  }
}

async function untilAsync(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 600_000
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error('the view was not complete within 600 s')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
