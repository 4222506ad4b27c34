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
      ? new Cluster(urls, {
          clusterRetryStrategy: retry,
          enableOfflineQueue: false,
          redisOptions: { ...shared, ...userOf(urls[0]!) },
        })
      : new Redis(urls[0]!, { ...shared, retryStrategy: retry })
  // Without a listener an outage would end the process; each call reports it to its caller.
  redis.on('error', () => {})
  // A cluster has the commands that state needs; only their administration differs.
  return redis as Redis
}

/** Who asks the nodes of which a cluster tells: ioredis knows users of those alone that it was given, by that very name. */
function userOf(url: string): { username?: string; password?: string } {
  const { username, password } = new URL(url)
  return {
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
  }
}

/** What ioredis says to a command while there is no connection; why there is none it only says in its event `error`. */
const UNCONNECTED = /^(Stream isn't writeable|Connection is closed|Reached the max retries)/

/** Resolves when commands can be sent. @throws AppError REDIS_UNAVAILABLE with the address and the reason */
export async function redisReady(redis: Redis, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  let refusal = 'there is no connection'
  const note = (error: Error): void => {
    refusal = error.message
  }
  redis.on('error', note)
  try {
    for (;;) {
      try {
        await redis.ping()
        return
      } catch (error) {
        if (performance.now() > deadline) {
          const reason = UNCONNECTED.test(messageOf(error)) ? refusal : messageOf(error)
          throw new AppError('REDIS_UNAVAILABLE', `${nameOf(redis)} does not answer: ${reason}`, {
            retryable: true,
            cause: error,
          })
        }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  } finally {
    redis.off('error', note)
  }
}

function nameOf(redis: Redis): string {
  if (redis instanceof Cluster) return 'the Redis cluster'
  const { host, port } = redis.options
  return `Redis at ${host}:${port}`
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
