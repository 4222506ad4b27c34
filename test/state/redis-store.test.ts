import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { AppError } from '../../schemas/errors.ts'
import { redisKeys } from '../../schemas/redis-keys.ts'
import { RedisStore } from '../../state/redis-store.ts'

test('a call that is stopped during an outage fails with the reason of the stop', async () => {
  const redis = { hgetall: () => Promise.reject(new Error('Connection is closed.')) } as unknown as Redis
  const stop = new AbortController()
  const store = new RedisStore({
    redis,
    keys: redisKeys('app'),
    // It waits for its next try then.
    onHealth: () => setTimeout(() => stop.abort(reason), 5),
  })
  const reason = new AppError('REDIS_FOREIGN', 'the view is elsewhere', { retryable: true })
  await expect(store.position(0, stop.signal)).rejects.toBe(reason)
})
