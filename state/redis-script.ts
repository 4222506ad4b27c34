import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { EncodedCommand } from './encoded-command.ts'
import type { RespBuffer } from './resp-buffer.ts'

/** A Lua file beside this one, called by its hash; sent whole when Redis doesn't know it (a restart, SCRIPT FLUSH). */
export class RedisScript {
  readonly #source: string
  readonly #sha: string

  constructor(file: string) {
    this.#source = readFileSync(new URL(file, import.meta.url), 'utf8')
    this.#sha = createHash('sha1').update(this.#source).digest('hex')
  }

  /** @param resp used for the call; it may not be touched before the promise settles */
  async run(
    redis: Redis,
    resp: RespBuffer,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const send = (command: 'EVALSHA' | 'EVAL', script: string): Promise<unknown> => {
      resp.reset()
      resp.command(command, 2 + keys.length + args.length)
      resp.text(script)
      resp.integer(keys.length)
      for (const key of keys) resp.text(key)
      for (const each of args) typeof each === 'string' ? resp.text(each) : resp.integer(each)
      const [encoded] = resp.commands()
      // A cluster finds the node by the keys.
      const routed = [this.#sha, String(keys.length), ...keys]
      return Promise.resolve(redis.sendCommand(new EncodedCommand('evalsha', encoded!, routed)))
    }
    try {
      return await send('EVALSHA', this.#sha)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return await send('EVAL', this.#source)
    }
  }
}
