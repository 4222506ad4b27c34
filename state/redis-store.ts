import type { Redis } from 'ioredis'
import { AppError } from '../schemas/errors.ts'
import { customerKey } from '../schemas/partition.ts'
import type { RedisKeys } from '../schemas/redis-keys.ts'
import { tenantKeys, writeChange } from './redis-change.ts'
import { listed, RedisScript } from './redis-script.ts'
import { RedisView } from './redis-view.ts'
import type { CustomersPage, Position, StateChange, StateStore, TimersRead, WriteAnswer } from './state-store.ts'
import type { ViewCommands } from './view-commands.ts'

/** Keys of one read: Lua's unpack ends below 8,000. */
const SLICE = 1_000

export interface RedisStoreOptions {
  readonly redis: Redis
  readonly keys: RedisKeys
  /** Told of the first failure of an outage, and with null of its end. */
  readonly onHealth?: (error: AppError | null) => void
}

export class RedisStore implements StateStore {
  readonly #redis: Redis
  readonly #keys: RedisKeys
  readonly #view: RedisView
  readonly #read = new RedisScript('read.lua')
  readonly #due = new RedisScript('due.lua')
  readonly #scan = new RedisScript('scan.lua')

  constructor({ redis, keys, onHealth }: RedisStoreOptions) {
    this.#redis = redis
    this.#keys = keys
    this.#view = new RedisView({ redis, positionKey: keys.position, ...(onHealth ? { onHealth } : {}) })
  }

  position(partition: number, signal?: AbortSignal): Promise<Position | null> {
    return this.#view.position(partition, signal)
  }

  read(
    partition: number,
    expected: number | null,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<(Buffer | null)[]> {
    return this.#readFrom(this.#keys.customers(partition), { partition, expected, keys }, signal)
  }

  readSnapshots(
    partition: number,
    expected: number,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<(Buffer | null)[]> {
    return this.#readFrom(this.#keys.snapshots(partition), { partition, expected, keys }, signal)
  }

  /** @param hash name of the hash that the values stand in */
  async #readFrom(
    hash: string,
    { partition, expected, keys }: { partition: number; expected: number | null; keys: readonly string[] },
    signal?: AbortSignal,
  ): Promise<(Buffer | null)[]> {
    const names = [this.#keys.position(partition), hash]
    const values: (Buffer | null)[] = []
    for (let from = 0; from < keys.length; from += SLICE) {
      const answer = await this.#view.patiently(`reading ${hash}`, signal, () =>
        this.#view.run(this.#read, names, listed([expected ?? '', ...keys.slice(from, from + SLICE)])),
      )
      if (!Array.isArray(answer)) throw foreign(partition, expected)
      values.push(...(answer as (Buffer | null)[]))
    }
    return values
  }

  async scan(
    partition: number,
    expected: number,
    { tenantId, cursor, count }: { readonly tenantId: string; readonly cursor: string; readonly count: number },
    signal?: AbortSignal,
  ): Promise<CustomersPage> {
    const names = [
      this.#keys.position(partition),
      this.#keys.top(partition, tenantId, 'recent'),
      this.#keys.customers(partition),
    ]
    const answer = await this.#view.patiently('reading customers', signal, () =>
      this.#view.run(this.#scan, names, listed([expected, cursor, count, customerKey(tenantId, '')])),
    )
    if (!Array.isArray(answer)) throw foreign(partition, expected)
    const [next, total, ...pairs] = answer as [Buffer, number, ...Buffer[]]
    const customers: { key: string; value: Buffer }[] = []
    for (let i = 0; i < pairs.length; i += 2) customers.push({ key: pairs[i]!.toString(), value: pairs[i + 1]! })
    return { customers, cursor: next.toString(), total }
  }

  async dueTimers(
    partition: number,
    expected: number,
    before: ReadonlyMap<string, number>,
    limit: number,
    signal?: AbortSignal,
  ): Promise<Map<string, TimersRead>> {
    const tenants = [...before.keys()]
    const names = [this.#keys.position(partition), ...tenants.map((tenant) => this.#keys.timers(partition, tenant))]
    const answer = await this.#view.patiently('reading timers', signal, () =>
      this.#view.run(this.#due, names, listed([expected, limit, ...before.values()])),
    )
    if (!Array.isArray(answer)) throw foreign(partition, expected)
    return new Map(
      (answer as Buffer[][]).map(([next, ...ids], i) => [
        tenants[i]!,
        { customerIds: ids.map(String), next: next === undefined || next.length === 0 ? null : Number(next) },
      ]),
    )
  }

  async write(partition: number, change: StateChange, signal?: AbortSignal): Promise<WriteAnswer> {
    const write = (commands: ViewCommands): void => writeChange(commands, this.#keys, partition, change)
    return await this.#view.commit(partition, change, write, signal)
  }

  async reset(partition: number, signal?: AbortSignal): Promise<void> {
    const { customers, tenants, snapshots } = this.#keys
    const others = async (): Promise<string[]> => {
      const ids = await this.#redis.smembers(tenants(partition))
      const indexes = ids.flatMap((tenant) => tenantKeys(this.#keys, partition, tenant))
      return [customers(partition), tenants(partition), snapshots(partition), ...indexes]
    }
    await this.#view.reset(partition, others, signal)
  }
}

function foreign(partition: number, expected: number | null): AppError {
  return new AppError('REDIS_FOREIGN', `the view of partition ${partition} is not at ${expected}`, {
    retryable: true,
    details: { partition, expected },
  })
}
