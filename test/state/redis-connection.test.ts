import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { redisReady } from '../../state/redis-connection.ts'

/** A Redis that is away; each try to connect ends with the problem. */
function redisAway(answer: string, problem: string | null): Redis {
  const redis = new EventEmitter()
  redis.on('error', () => {})
  const ping = async (): Promise<never> => {
    if (problem !== null) redis.emit('error', new Error(problem))
    throw new Error(answer)
  }
  return Object.assign(redis, { options: { host: 'redis.example', port: 6379 }, ping }) as unknown as Redis
}

const UNWRITEABLE = "Stream isn't writeable and enableOfflineQueue options is false"

test.each([
  [UNWRITEABLE, 'connect ECONNREFUSED 10.0.0.1:6379', 'connect ECONNREFUSED 10.0.0.1:6379'],
  [UNWRITEABLE, null, 'there is no connection'],
  ['NOAUTH Authentication required.', null, 'NOAUTH Authentication required.'],
])('a Redis that says "%s" and %s is named with the reason', async (answer, problem, reason) => {
  const redis = redisAway(answer, problem)
  const listeners = redis.listenerCount('error')
  await expect(redisReady(redis, 0)).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    retryable: true,
    message: `Redis at redis.example:6379 does not answer: ${reason}`,
  })
  expect(redis.listenerCount('error')).toBe(listeners)
})
