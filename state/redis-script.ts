import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Command, type Redis } from 'ioredis'
import type { RespBuffer } from './resp-buffer.ts'

/** A command that is encoded already; its name and keys are given besides, for routing in a cluster. */
class EncodedCommand extends Command {
  readonly #encoded: Buffer

  constructor(encoded: Buffer, args: string[]) {
    super('evalsha', args, { replyEncoding: null })
    this.#encoded = encoded
  }

  // ioredis sends what this returns.
  override toWritable(): Buffer {
    return this.#encoded
  }
}

/** A Lua file beside this one, called by its hash; sent whole when Redis doesn't know it (a restart, SCRIPT FLUSH). */
export class RedisScript {
  readonly #source: string
  readonly #sha: string

  constructor(file: string) {
    this.#source = readFileSync(new URL(file, import.meta.url), 'utf8')
    this.#sha = createHash('sha1').update(this.#source).digest('hex')
  }

  /**
   * @param resp used for the call; it may not be touched before the promise settles
   * @param writeArguments appends the arguments after the keys
   */
  async run(
    redis: Redis,
    resp: RespBuffer,
    keys: readonly string[],
    writeArguments: (resp: RespBuffer) => void,
  ): Promise<unknown> {
    const send = (command: 'EVALSHA' | 'EVAL', script: string): Promise<unknown> => {
      resp.reset()
      resp.text(command)
      resp.text(script)
      resp.integer(keys.length)
      for (const key of keys) resp.text(key)
      writeArguments(resp)
      return Promise.resolve(
        redis.sendCommand(new EncodedCommand(resp.command(), [this.#sha, String(keys.length), ...keys])),
      )
    }
    try {
      return await send('EVALSHA', this.#sha)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return await send('EVAL', this.#source)
    }
  }
}
