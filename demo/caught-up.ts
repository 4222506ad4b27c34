import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { KafkaClient } from '../connectors/kafka/client.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import { type RedisKeys, STREAM_TIME_FIELD } from '../schemas/redis-keys.ts'
import { INPUT_TOPICS } from '../schemas/topics.ts'

const ASK_EVERY_MS = 100

export interface CaughtUpOptions {
  readonly kafka: KafkaClient
  readonly redis: Redis
  readonly keys: RedisKeys
  readonly prefix: string
  readonly partitions: number
  readonly signal: AbortSignal
}

/**
 * Resolves when Redis shows the results of all that is in the input topics now: the positions of its partitions are at the
 * topics' ends, and no timer is due by the time of the stream. They are written after the results are committed.
 */
export async function untilCaughtUp({
  kafka,
  redis,
  keys,
  prefix,
  partitions,
  signal,
}: CaughtUpOptions): Promise<void> {
  for (let partition = 0; partition < partitions; partition++) {
    const ends = new Map<string, number>()
    for (const topic of INPUT_TOPICS) {
      ends.set(prefix + topic, (await logRange(kafka, prefix + topic, partition)).end)
    }
    for (;;) {
      signal.throwIfAborted()
      const stored = (await redis.hget(keys.position(partition), 'inputs')) ?? '{}'
      const inputs = JSON.parse(stored) as Record<string, number>
      const isRead = [...ends].every(([topic, end]) => (inputs[topic] ?? 0) >= end)
      if (isRead && !(await isTimerDue(redis, keys, partition))) break
      await sleep(ASK_EVERY_MS, undefined, { signal })
    }
  }
}

async function isTimerDue(redis: Redis, keys: RedisKeys, partition: number): Promise<boolean> {
  for (const tenant of await redis.smembers(keys.tenants(partition))) {
    const [, first] = await redis.zrange(keys.timers(partition, tenant), '0', '0', 'WITHSCORES')
    const streamTime = await redis.hget(keys.position(partition), STREAM_TIME_FIELD + tenant)
    if (first !== undefined && Number(first) < Number(streamTime)) return true
  }
  return false
}
