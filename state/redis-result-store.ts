import type { Redis } from 'ioredis'
import { INDEX_SCALE } from '../schemas/redis-keys.ts'
import { writeGroups } from './redis-change.ts'
import type { RedisStoreOptions } from './redis-store.ts'
import { RedisView } from './redis-view.ts'
import type { RespBuffer } from './resp-buffer.ts'
import type { ResultChange, ResultEntry, ResultStore } from './result-store.ts'
import type { Position, WriteAnswer } from './state-store.ts'

/** Keys that are removed in one call. */
const SLICE = 1_000

export class RedisResultStore implements ResultStore {
  readonly #redis: Redis
  readonly #keys: RedisStoreOptions['keys']
  readonly #view: RedisView

  constructor({ redis, keys, onHealth }: RedisStoreOptions) {
    this.#redis = redis
    this.#keys = keys
    this.#view = new RedisView({ redis, positionKey: keys.resultsPosition, ...(onHealth ? { onHealth } : {}) })
  }

  position(partition: number, signal?: AbortSignal): Promise<Position | null> {
    return this.#view.position(partition, signal)
  }

  async write(partition: number, change: ResultChange, signal?: AbortSignal): Promise<WriteAnswer> {
    const groups = new Groups(this.#keys.resultKeys(partition))
    for (const entry of change.entries) this.#group(groups, partition, entry)
    const write = (resp: RespBuffer): void => groups.writeTo(resp)
    return await this.#view.commit(partition, change, { keys: groups.keys, write }, signal)
  }

  async reset(partition: number, signal?: AbortSignal): Promise<void> {
    const all = this.#keys.resultKeys(partition)
    const emptied = async (): Promise<void> => {
      // Names are forgotten after what they name is gone: an emptying that is cut short is gone on with.
      for (let names = await this.#some(all); names.length > 0; names = await this.#some(all)) {
        await this.#redis.unlink(...names)
        await this.#redis.srem(all, ...names)
      }
    }
    await this.#view.reset(partition, emptied, signal)
  }

  async #some(all: string): Promise<string[]> {
    return (await this.#redis.srandmember(all, SLICE)) ?? []
  }

  #group(groups: Groups, partition: number, { key, value, confidence }: ResultEntry): void {
    const [tenantId, kind, start, end, id = ''] = key.split('/') as [string, string, string, string, string]
    const scope = `${tenantId}/${kind}`
    const window = `${start}/${end}`
    const results = this.#keys.results(partition, scope, window)
    const windows = this.#keys.resultWindows(partition, scope)
    if (value === null) {
      groups.add(results, 'HDEL', [id])
      groups.forgetIfEmpty(results, windows, window)
    } else {
      groups.add(windows, 'ZADD', [start, window])
      groups.add(results, 'HSET', [id, value])
    }
    const [a, b] = id.split('+')
    if (a === undefined || b === undefined || kind === 'NPS') return
    const partnersOf = (item: string): string => this.#keys.partners(partition, scope, window, item)
    if (confidence === null) {
      groups.add(partnersOf(a), 'ZREM', [b])
      groups.add(partnersOf(b), 'ZREM', [a])
      groups.forgetIfEmpty(partnersOf(a))
      groups.forgetIfEmpty(partnersOf(b))
    } else {
      groups.add(partnersOf(a), 'ZADD', [String(Math.round(confidence[0] * INDEX_SCALE)), b])
      groups.add(partnersOf(b), 'ZADD', [String(Math.round(confidence[1] * INDEX_SCALE)), a])
    }
  }
}

type Command = 'HSET' | 'HDEL' | 'ZADD' | 'ZREM'

/** Number of the key with the names of all others. */
const NAMES_KEY = 2

/** The groups of commit.lua, by key and command, and the names of their keys. */
class Groups {
  readonly keys: string[]
  readonly #numbers = new Map<string, number>()
  readonly #items = new Map<string, { command: Command; key: number; items: (readonly (string | Buffer)[])[] }>()
  /** Keys that lost something, and the sorted set of windows with the member that goes with the key, if there is one. */
  readonly #shrunk = new Map<string, readonly [windows: number, window: string] | null>()

  constructor(namesKey: string) {
    this.keys = [namesKey]
  }

  add(key: string, command: Command, item: readonly (string | Buffer)[]): void {
    const name = `${command} ${key}`
    const group = this.#items.get(name)
    if (group === undefined) this.#items.set(name, { command, key: this.#numberOf(key), items: [item] })
    else group.items.push(item)
  }

  /** A key that is empty after all this is no longer a key, nor its window one. */
  forgetIfEmpty(key: string, windows?: string, window?: string): void {
    if (this.#shrunk.has(key)) return
    this.#shrunk.set(key, windows === undefined || window === undefined ? null : [this.#numberOf(windows), window])
  }

  writeTo(resp: RespBuffer): void {
    writeGroups(resp, 'SADD', NAMES_KEY, this.keys.slice(1), 1, (key) => resp.text(key))
    for (const { command, key, items } of this.#items.values()) {
      writeGroups(resp, command, key, items, items[0]!.length, (item) => {
        for (const part of item) typeof part === 'string' ? resp.text(part) : resp.bytes(part)
      })
    }
    for (const [key, itsWindow] of this.#shrunk) {
      if (itsWindow !== null) this.#forget(resp, key, 'ZREM', ...itsWindow)
      this.#forget(resp, key, 'SREM', NAMES_KEY, key)
    }
  }

  /** With the empty key goes a member of another. */
  #forget(resp: RespBuffer, empty: string, command: 'SREM' | 'ZREM', key: number, member: string): void {
    resp.text('FORGET')
    resp.integer(this.#numberOf(empty))
    resp.integer(3)
    resp.text(command)
    resp.integer(key)
    resp.text(member)
  }

  #numberOf(key: string): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.keys.push(key)
    this.#numbers.set(key, this.keys.length + 1)
    return this.keys.length + 1
  }
}
