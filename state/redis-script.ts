import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { EncodedCommand } from './encoded-command.ts'
import type { RespBuffer } from './resp-buffer.ts'

export interface ScriptArguments {
  readonly count: number
  readonly write: (resp: RespBuffer) => void
}

/** A Lua file beside this one, called by its hash; sent whole when Redis doesn't know it (a restart, SCRIPT FLUSH). */
export class RedisScript {
  readonly #source: string
  readonly #sha: string

  constructor(file: string) {
    this.#source = readFileSync(new URL(file, import.meta.url), 'utf8')
    this.#sha = createHash('sha1').update(this.#source).digest('hex')
  }

  /** @param resp used for the call; it may not be touched before the promise settles */
  async run(redis: Redis, resp: RespBuffer, keys: readonly string[], args: ScriptArguments): Promise<unknown> {
    try {
      return await this.#send(redis, resp, keys, () => this.#write(resp, 'EVALSHA', keys, args))
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return await this.#send(redis, resp, keys, () => this.writeWhole(resp, keys, args))
    }
  }

  /** The call with its source, which no Redis answers with NOSCRIPT. */
  writeWhole(resp: RespBuffer, keys: readonly string[], args: ScriptArguments): void {
    this.#write(resp, 'EVAL', keys, args)
  }

  async #send(redis: Redis, resp: RespBuffer, keys: readonly string[], write: () => void): Promise<unknown> {
    resp.reset()
    write()
    const [encoded] = resp.commands()
    // A cluster finds the node by the keys.
    return await redis.sendCommand(new EncodedCommand('evalsha', encoded!, [this.#sha, String(keys.length), ...keys]))
  }

  #write(resp: RespBuffer, command: 'EVALSHA' | 'EVAL', keys: readonly string[], args: ScriptArguments): void {
    resp.command(command, 2 + keys.length + args.count)
    resp.text(command === 'EVAL' ? this.#source : this.#sha)
    resp.integer(keys.length)
    for (const key of keys) resp.text(key)
    args.write(resp)
  }
}

export function listed(values: readonly (string | number)[]): ScriptArguments {
  const write = (resp: RespBuffer): void => {
    for (const value of values) typeof value === 'string' ? resp.text(value) : resp.integer(value)
  }
  return { count: values.length, write }
}
