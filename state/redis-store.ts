import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { AppError, messageOf } from '../schemas/errors.ts'
import { INDEX_SCALE, type RedisKeys, TOP_INDEXES } from '../schemas/redis-keys.ts'
import { RedisScript } from './redis-script.ts'
import type { CustomerEntry, Position, StateChange, StateStore, WriteAnswer } from './state-store.ts'

/** Lua's unpack ends below 8,000. */
const SLICE = 1_000
const RETRY_MIN_MS = 20
const RETRY_MAX_MS = 1_000
/** Errors that Redis answers and that end by themselves. */
const PASSING = /^(LOADING|BUSY|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|NOREPLICAS|MISCONF|OOM)/

export interface RedisStoreOptions {
  readonly redis: Redis
  readonly keys: RedisKeys
  /** Told of the first failure of an outage, and with null of its end. */
  readonly onHealth?: (error: AppError | null) => void
}

export class RedisStore implements StateStore {
  readonly #redis: Redis
  readonly #keys: RedisKeys
  readonly #onHealth: (error: AppError | null) => void
  readonly #commit = new RedisScript('commit.lua')
  readonly #read = new RedisScript('read.lua')
  #healthy = true

  constructor(options: RedisStoreOptions) {
    this.#redis = options.redis
    this.#keys = options.keys
    this.#onHealth = options.onHealth ?? (() => {})
  }

  async position(partition: number, signal?: AbortSignal): Promise<Position | null> {
    const stored = await this.#patiently('reading the position', signal, () =>
      this.#redis.hgetall(this.#keys.position(partition)),
    )
    if (stored['offset'] === undefined) return null
    return {
      offset: Number(stored['offset']),
      inputs: JSON.parse(stored['inputs'] ?? '{}') as Record<string, number>,
      cluster: stored['cluster'] ?? '',
      topic: stored['topic'] ?? '',
      at: Number(stored['at'] ?? 0),
    }
  }

  async read(
    partition: number,
    expected: number | null,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<(Buffer | null)[]> {
    const names = [this.#keys.position(partition), this.#keys.customers(partition)]
    const values: (Buffer | null)[] = []
    for (let from = 0; from < keys.length; from += SLICE) {
      const args = [expected === null ? '' : String(expected), ...keys.slice(from, from + SLICE)]
      const answer = await this.#patiently('reading customers', signal, () => this.#read.run(this.#redis, names, args))
      if (!Array.isArray(answer)) {
        throw new AppError('REDIS_FOREIGN', `the view of partition ${partition} is not at ${expected}`, {
          retryable: true,
          details: { partition, expected },
        })
      }
      values.push(...(answer as (Buffer | null)[]))
    }
    return values
  }

  async write(partition: number, change: StateChange, signal?: AbortSignal): Promise<WriteAnswer> {
    const { keys, args } = this.#commitCall(partition, change)
    const answer = await this.#patiently('writing customers', signal, () => this.#commit.run(this.#redis, keys, args))
    return String(answer) as WriteAnswer
  }

  async reset(partition: number, signal?: AbortSignal): Promise<void> {
    await this.#patiently('emptying a partition', signal, async () => {
      const tenants = await this.#redis.smembers(this.#keys.tenants(partition))
      const indexes = tenants.flatMap((tenant) => TOP_INDEXES.map((index) => this.#keys.top(partition, tenant, index)))
      // The position goes first: whoever reads between two of these calls finds a foreign view, not an empty customer.
      await this.#redis.del(this.#keys.position(partition))
      await this.#redis.unlink(this.#keys.customers(partition), this.#keys.tenants(partition), ...indexes)
    })
  }

  #commitCall(partition: number, change: StateChange): { keys: string[]; args: (string | Buffer)[] } {
    const { position, expected, entries } = change
    const keys = [this.#keys.position(partition), this.#keys.customers(partition), this.#keys.tenants(partition)]
    const args: (string | Buffer)[] = [
      expected === null ? '' : String(expected),
      String(position.offset),
      JSON.stringify(position.inputs),
      position.cluster,
      position.topic,
      String(position.at),
    ]
    const group = (command: string, key: number, values: readonly (string | Buffer)[], step: number): void => {
      for (let from = 0; from < values.length; from += SLICE * step) {
        const slice = values.slice(from, from + SLICE * step)
        args.push(command, String(key), String(slice.length))
        for (const value of slice) args.push(value)
      }
    }
    const hset: (string | Buffer)[] = []
    const hdel: string[] = []
    for (const { key, value } of entries) {
      if (value === null) hdel.push(key)
      else hset.push(key, value)
    }
    group('HSET', 2, hset, 2)
    group('HDEL', 2, hdel, 1)
    for (const [tenant, mine] of byTenant(entries)) {
      group('SADD', 3, [tenant], 1)
      const firstIndex = keys.length + 1
      keys.push(...TOP_INDEXES.map((index) => this.#keys.top(partition, tenant, index)))
      const [lead, churn, recent, gone] = indexArguments(mine)
      group('ZADD', firstIndex, lead, 2)
      group('ZADD', firstIndex + 1, churn, 2)
      group('ZADD', firstIndex + 2, recent, 2)
      for (let index = 0; index < TOP_INDEXES.length; index++) group('ZREM', firstIndex + index, gone, 1)
    }
    return { keys, args }
  }

  /** An outage is not an answer: wait, try again, say so; only the signal ends it. */
  async #patiently<T>(doing: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    for (let wait = RETRY_MIN_MS; ; wait = Math.min(wait * 2, RETRY_MAX_MS)) {
      signal?.throwIfAborted()
      try {
        const answer = await call()
        if (!this.#healthy) this.#onHealth(null)
        this.#healthy = true
        return answer
      } catch (error) {
        const passing = !(error instanceof Error && error.name === 'ReplyError') || PASSING.test(error.message)
        const failure = new AppError('REDIS_UNAVAILABLE', `${doing}: ${messageOf(error)}`, {
          retryable: passing,
          cause: error,
        })
        if (!passing) throw failure
        if (this.#healthy) this.#onHealth(failure)
        this.#healthy = false
        await sleep(wait, undefined, signal ? { signal } : {})
      }
    }
  }
}

function byTenant(entries: readonly CustomerEntry[]): Map<string, CustomerEntry[]> {
  return Map.groupBy(entries, (entry) => entry.tenantId)
}

/** Arguments of the three ZADDs and of the ZREMs. */
function indexArguments(entries: readonly CustomerEntry[]): [string[], string[], string[], string[]] {
  const lead: string[] = []
  const churn: string[] = []
  const recent: string[] = []
  const gone: string[] = []
  for (const { customerId, value, probability, risk, newestAt } of entries) {
    if (value === null) {
      gone.push(customerId)
      continue
    }
    lead.push(String(Math.round(probability * INDEX_SCALE)), customerId)
    churn.push(String(Math.round(risk * INDEX_SCALE)), customerId)
    recent.push(String(newestAt), customerId)
  }
  return [lead, churn, recent, gone]
}
