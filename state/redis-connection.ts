import { Cluster, Redis } from 'ioredis'
import { AppError, messageOf } from '../schemas/errors.ts'

const RECONNECT_MAX_MS = 500

export interface RedisConnectionOptions {
  /** `redis://host:port/db`; several with commas: the nodes of a cluster. */
  readonly url: string
  readonly commandTimeoutMs?: number
}

/**
 * A connection for state: nothing waits in an unbounded queue while Redis is away, and nothing is sent again behind our
 * back (ioredis would, after a reconnect): callers retry, with scripts that are harmless to repeat.
 */
export function connectRedis(options: RedisConnectionOptions): Redis {
  const shared = {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: options.commandTimeoutMs ?? 10_000,
    protocol: 2,
  } as const
  const urls = options.url.split(',').map((url) => url.trim())
  const retry = (attempt: number): number => Math.min(attempt * 50, RECONNECT_MAX_MS)
  const redis =
    urls.length > 1
      ? new Cluster(urls, { clusterRetryStrategy: retry, enableOfflineQueue: false, redisOptions: shared })
      : new Redis(urls[0]!, { ...shared, retryStrategy: retry })
  // Without a listener an outage would end the process; each call reports it to its caller.
  redis.on('error', () => {})
  // A cluster has the commands that state needs; only their administration differs.
  return redis as Redis
}

/** Resolves when commands can be sent. @throws AppError REDIS_UNAVAILABLE */
export async function redisReady(redis: Redis, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      await redis.ping()
      return
    } catch (error) {
      if (performance.now() > deadline) {
        throw new AppError('REDIS_UNAVAILABLE', `Redis does not answer: ${messageOf(error)}`, {
          retryable: true,
          cause: error,
        })
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** @throws AppError REDIS_EVICTS when Redis may drop keys on its own: state would be lost silently */
export async function refuseEviction(redis: Redis): Promise<void> {
  const answer = await redis.config('GET', 'maxmemory-policy').catch(() => null)
  const policy = Array.isArray(answer) ? String(answer[1]) : ''
  if (policy.startsWith('allkeys')) {
    throw new AppError('REDIS_EVICTS', `maxmemory-policy ${policy} would evict state: set it to noeviction`, {
      details: { field: 'maxmemory-policy', policy },
    })
  }
}
