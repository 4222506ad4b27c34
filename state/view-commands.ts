import { readFileSync } from 'node:fs'
import type { RespBuffer } from './resp-buffer.ts'
import type { Position } from './state-store.ts'

/** The type of the keys that a command is for. */
const TYPES = { HSET: 'hash', HDEL: 'hash', ZADD: 'zset', ZREM: 'zset', SADD: 'set', SREM: 'set' } as const

type ViewCommand = keyof typeof TYPES

/** Redis takes a million arguments of one command. */
const SLICE = 50_000

const ADVANCE = readFileSync(new URL('advance.lua', import.meta.url), 'utf8')

/** What one transaction does to a view: commands on its keys, then the step of its position, which only counts if all fit. */
export class ViewCommands {
  readonly #resp: RespBuffer
  /** Key -> its number and type. The position is the first. */
  readonly #keys = new Map<string, { readonly number: number; readonly type: string }>()
  readonly #emptied: (readonly [key: string, command: 'SREM' | 'ZREM', of: string, member: string])[] = []

  constructor(resp: RespBuffer, positionKey: string) {
    this.#resp = resp
    this.#know(positionKey, 'HSET')
  }

  /** A command with the arguments that `write` gives of each item; none without items. */
  add<T>(
    command: ViewCommand,
    key: string,
    items: readonly T[],
    argumentsEach: number,
    write: (resp: RespBuffer, item: T) => void,
  ): void {
    if (items.length === 0) return
    this.#know(key, command)
    for (let from = 0; from < items.length; from += SLICE) {
      const to = Math.min(from + SLICE, items.length)
      this.#resp.command(command, 1 + (to - from) * argumentsEach)
      this.#resp.text(key)
      for (let i = from; i < to; i++) write(this.#resp, items[i]!)
    }
  }

  /** If the key is empty after all this, then a member of another key goes with it. */
  ifEmptied(key: string, command: 'SREM' | 'ZREM', of: string, member: string): void {
    this.#know(of, command)
    this.#emptied.push([key, command, of, member])
  }

  /** The last command; see advance.lua. */
  advance(position: Position): void {
    const resp = this.#resp
    const [, ...others] = this.#keys.values()
    resp.command('EVAL', 2 + this.#keys.size + others.length + 5 + this.#emptied.length * 4)
    resp.text(ADVANCE)
    resp.integer(this.#keys.size)
    for (const key of this.#keys.keys()) resp.text(key)
    for (const { type } of others) resp.text(type)
    resp.integer(position.offset)
    resp.text(JSON.stringify(position.inputs))
    resp.text(position.cluster)
    resp.text(position.topic)
    resp.integer(position.at)
    for (const [key, command, of, member] of this.#emptied) {
      resp.integer(this.#keys.get(key)!.number)
      resp.text(command)
      resp.integer(this.#keys.get(of)!.number)
      resp.text(member)
    }
  }

  #know(key: string, command: ViewCommand): void {
    if (!this.#keys.has(key)) this.#keys.set(key, { number: this.#keys.size + 1, type: TYPES[command] })
  }
}
