import type { Redis } from 'ioredis'
import type { RedisKeys } from '../schemas/redis-keys.ts'

/** Timers that wait in a partition's view, of all tenants. Two round trips, however many there are. */
export async function countTimers(redis: Redis, keys: RedisKeys, partition: number): Promise<number> {
  const tenants = await redis.smembers(keys.tenants(partition))
  if (tenants.length === 0) return 0
  const pipeline = redis.pipeline()
  for (const tenant of tenants) pipeline.zcard(keys.timers(partition, tenant))
  let sum = 0
  for (const [error, count] of (await pipeline.exec()) ?? []) {
    if (error) throw error
    sum += Number(count)
  }
  return sum
}
