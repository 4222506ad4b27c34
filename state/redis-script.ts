import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'

/** A Lua file beside this one, called by its hash; sent whole when Redis doesn't know it (a restart, SCRIPT FLUSH). */
export class RedisScript {
  readonly #source: string
  readonly #sha: string

  constructor(file: string) {
    this.#source = readFileSync(new URL(file, import.meta.url), 'utf8')
    this.#sha = createHash('sha1').update(this.#source).digest('hex')
  }

  async run(redis: Redis, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown> {
    try {
      return await redis.callBuffer('EVALSHA', this.#sha, keys.length, ...keys, ...args)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return await redis.callBuffer('EVAL', this.#source, keys.length, ...keys, ...args)
    }
  }
}
