import type { Redis } from 'ioredis'
import { INDEX_SCALE } from '../schemas/redis-keys.ts'
import type { RedisStoreOptions } from './redis-store.ts'
import { RedisView } from './redis-view.ts'
import type { ResultChange, ResultEntry, ResultStore } from './result-store.ts'
import type { Position, WriteAnswer } from './state-store.ts'
import type { ViewCommands } from './view-commands.ts'
import { writeText } from './write-command.ts'

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
    const groups = new Groups()
    for (const entry of change.entries) this.#group(groups, partition, entry)
    const write = (commands: ViewCommands): void => groups.writeTo(commands, this.#keys.resultKeys(partition))
    return await this.#view.commit(partition, change, write, signal)
  }

  async reset(partition: number, signal?: AbortSignal): Promise<void> {
    const all = this.#keys.resultKeys(partition)
    await this.#view.reset(partition, async () => [all, ...(await this.#redis.smembers(all))], signal)
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

/** What a change says, by key and command. */
class Groups {
  readonly #groups = new Map<string, { command: Command; key: string; items: (readonly (string | Buffer)[])[] }>()
  /** Keys that lost something, and the sorted set of windows with the member that goes with the key, if there is one. */
  readonly #shrunk = new Map<string, readonly [windows: string, window: string] | null>()

  add(key: string, command: Command, item: readonly (string | Buffer)[]): void {
    const name = `${command} ${key}`
    const group = this.#groups.get(name)
    if (group === undefined) this.#groups.set(name, { command, key, items: [item] })
    else group.items.push(item)
  }

  /** A key that is empty after all this is no longer a key, nor its window one. */
  forgetIfEmpty(key: string, windows?: string, window?: string): void {
    if (this.#shrunk.has(key)) return
    this.#shrunk.set(key, windows === undefined || window === undefined ? null : [windows, window])
  }

  /** @param namesKey of the set with the names of all other keys */
  writeTo(commands: ViewCommands, namesKey: string): void {
    const names = new Set([...this.#groups.values()].map(({ key }) => key))
    commands.add('SADD', namesKey, [...names], 1, writeText)
    for (const { command, key, items } of this.#groups.values()) {
      commands.add(command, key, items, items[0]!.length, (resp, item) => {
        for (const part of item) typeof part === 'string' ? resp.text(part) : resp.bytes(part)
      })
    }
    for (const [key, itsWindow] of this.#shrunk) {
      if (itsWindow !== null) commands.ifEmptied(key, 'ZREM', ...itsWindow)
      commands.ifEmptied(key, 'SREM', namesKey, key)
    }
  }
}
