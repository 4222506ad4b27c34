import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { RedisLookup } from '../../api/redis-lookup.ts'
import { customerKey } from '../../schemas/partition.ts'
import { redisKeys, TOP_INDEXES } from '../../schemas/redis-keys.ts'
import { connectRedis, redisReady } from '../../state/redis-connection.ts'
import type { ServingView } from '../api/serving-view.ts'

export interface RedisView extends ServingView {
  /** The application id that its keys begin with. */
  readonly app: string
  /** Writes as workers and tests do; not the connection of the lookup. */
  readonly redis: Redis
}

/** The serving view in a real Redis, under names of its own. @param lookupUrl where the lookup connects, if elsewhere */
export async function createRedisView(url: string, lookupUrl = url): Promise<RedisView> {
  const app = `api-${randomUUID()}`
  const keys = redisKeys(app)
  const redis = new Redis(url)
  const lookupRedis = connectRedis({ url: lookupUrl, commandTimeoutMs: 500 })
  await redisReady(lookupRedis)
  return {
    app,
    redis,
    lookup: new RedisLookup(lookupRedis, keys),
    async put(partition, entries) {
      const pipeline = redis.pipeline()
      for (const { tenantId, customerId, value, scores } of entries) {
        if (value !== undefined) pipeline.hset(keys.customers(partition), customerKey(tenantId, customerId), value)
        for (const index of TOP_INDEXES) pipeline.zadd(keys.top(partition, tenantId, index), scores[index], customerId)
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
    },
    async position(partition, position) {
      if (position === null) await redis.del(keys.position(partition))
      else await redis.hset(keys.position(partition), position)
    },
    async mark(partition, mark) {
      if (mark === null) await redis.del(keys.rebuilding(partition))
      else await redis.set(keys.rebuilding(partition), mark, 'EX', 60)
    },
    async markResults(partition, mark) {
      if (mark === null) await redis.del(keys.resultsRebuilding(partition))
      else await redis.set(keys.resultsRebuilding(partition), mark, 'EX', 60)
    },
    async setUp(partitions) {
      if (partitions === null) await redis.hdel(keys.meta, 'partitions')
      else await redis.hset(keys.meta, 'partitions', partitions)
    },
    async report(workerId, report) {
      await redis.hset(keys.workers, workerId, typeof report === 'string' ? report : JSON.stringify(report))
    },
    async close() {
      lookupRedis.disconnect()
      for await (const names of redis.scanStream({ match: `${app}:*`, count: 1_000 })) {
        if (names.length > 0) await redis.unlink(names)
      }
      await redis.quit()
    },
  }
}
