import { Redis } from 'ioredis'
import { applicationId } from '../runtime/kafka-settings.ts'
import { redisKeys } from '../schemas/redis-keys.ts'
import { type Bench, untilAsync } from './setup.ts'

const FREE_WAIT_MS = 60_000

/** This benchmark's view in Redis. */
export interface View {
  readonly redis: Redis
  /** How many it holds now. */
  customers(): Promise<number>
  /** Memory of all that Redis holds, MiB. */
  usedMib(): Promise<number>
  /** Removes everything of this installation, and nothing of others; resolves when the memory is free again. */
  lose(): Promise<void>
  close(): void
}

export function openView({ config }: Bench): View {
  const redis = new Redis(config.REDIS_URL)
  const app = applicationId(config)
  const keys = redisKeys(app)
  return {
    redis,
    customers: async () => {
      const sizes = Array.from({ length: config.PARTITIONS }, (_, partition) => redis.hlen(keys.customers(partition)))
      return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
    },
    usedMib: async () => {
      const bytes = /used_memory:(\d+)/.exec(await redis.info('memory'))?.[1] ?? 0
      return Math.round((10 * Number(bytes)) / 2 ** 20) / 10
    },
    lose: async () => {
      for await (const page of redis.scanStream({ match: `${app}:*`, count: 1_000 })) {
        if ((page as string[]).length > 0) await redis.unlink(...(page as string[]))
      }
      // A thread of Redis frees it, for seconds of CPU that would count as the rebuild's.
      const isFree = async (): Promise<boolean> => /lazyfree_pending_objects:0\b/.test(await redis.info('memory'))
      await untilAsync(isFree, FREE_WAIT_MS, 'the end of what Redis frees')
    },
    close: () => redis.disconnect(),
  }
}
