import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { AppError, messageOf } from '../schemas/errors.ts'

/** Errors that Redis answers with and that end by themselves. */
const PASSING = /^(LOADING|BUSY|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|NOAUTH|WRONGPASS)/

/** A Lua file beside this one that only reads, called by its hash; sent whole when Redis doesn't know it. */
export class RedisReadScript {
  readonly #source: string
  readonly #sha: string

  constructor(file: string) {
    this.#source = readFileSync(new URL(file, import.meta.url), 'utf8')
    this.#sha = createHash('sha1').update(this.#source).digest('hex')
  }

  /** Strings of the answer are Buffers. @throws AppError REDIS_UNAVAILABLE */
  run(redis: Redis, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown> {
    return asking(async () => {
      try {
        return await redis.callBuffer('EVALSHA', this.#sha, keys.length, ...keys, ...args)
      } catch (error) {
        if (!messageOf(error).startsWith('NOSCRIPT')) throw error
        return await redis.callBuffer('EVAL', this.#source, keys.length, ...keys, ...args)
      }
    })
  }
}

/** Makes whatever an ioredis call throws one of our errors. */
export async function asking<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const answered = error instanceof Error && error.name === 'ReplyError'
    if (answered && !PASSING.test(error.message)) {
      throw new AppError('INTERNAL', `redis refused a command: ${error.message}`, { cause: error })
    }
    throw new AppError('REDIS_UNAVAILABLE', `redis does not answer: ${messageOf(error)}`, {
      retryable: true,
      cause: error,
    })
  }
}
