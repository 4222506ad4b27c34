import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { AppError, messageOf } from '../schemas/errors.ts'
import { customerKey } from '../schemas/partition.ts'
import { type RedisKeys, STREAM_TIME_FIELD } from '../schemas/redis-keys.ts'
import { stepDone } from '../schemas/steps.ts'
import { changesByTenant, tenantKeys, writeChange } from './redis-change.ts'
import { RedisScript } from './redis-script.ts'
import { RespBuffer } from './resp-buffer.ts'
import type { CustomersPage, Position, StateChange, StateStore, TimersRead, WriteAnswer } from './state-store.ts'

/** Keys of one read: Lua's unpack ends below 8,000. */
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
  readonly #due = new RedisScript('due.lua')
  readonly #scan = new RedisScript('scan.lua')
  readonly #resp = new Map<number, RespBuffer>()
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
      streamTimes: new Map(
        Object.entries(stored).flatMap(([field, value]) =>
          field.startsWith(STREAM_TIME_FIELD) ? [[field.slice(STREAM_TIME_FIELD.length), Number(value)]] : [],
        ),
      ),
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
      const answer = await this.#patiently('reading customers', signal, () =>
        this.#run(this.#read, partition, names, (resp) => {
          resp.text(expected === null ? '' : String(expected))
          for (const key of keys.slice(from, from + SLICE)) resp.text(key)
        }),
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
    const answer = await this.#patiently('reading customers', signal, () =>
      this.#run(this.#scan, partition, names, (resp) => {
        resp.integer(expected)
        resp.text(cursor)
        resp.integer(count)
        resp.text(customerKey(tenantId, ''))
      }),
    )
    if (!Array.isArray(answer)) throw foreign(partition, expected)
    const [next, ...pairs] = answer as [Buffer, ...Buffer[]]
    const customers: { key: string; value: Buffer }[] = []
    for (let i = 0; i < pairs.length; i += 2) customers.push({ key: pairs[i]!.toString(), value: pairs[i + 1]! })
    return { customers, cursor: next.toString() }
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
    const answer = await this.#patiently('reading timers', signal, () =>
      this.#run(this.#due, partition, names, (resp) => {
        resp.integer(expected)
        resp.integer(limit)
        for (const time of before.values()) resp.integer(time)
      }),
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
    const tenants = changesByTenant(change)
    const keys = [this.#keys.position(partition), this.#keys.customers(partition), this.#keys.tenants(partition)]
    for (const tenant of tenants.keys()) keys.push(...tenantKeys(this.#keys, partition, tenant))
    const answer = await this.#patiently('writing customers', signal, () =>
      this.#run(this.#commit, partition, keys, (resp) => writeChange(resp, change, tenants)),
    )
    stepDone('view-written')
    return String(answer) as WriteAnswer
  }

  async reset(partition: number, signal?: AbortSignal): Promise<void> {
    await this.#patiently('emptying a partition', signal, async () => {
      const tenants = await this.#redis.smembers(this.#keys.tenants(partition))
      const indexes = tenants.flatMap((tenant) => tenantKeys(this.#keys, partition, tenant))
      // The position goes first: whoever reads between two of these calls finds a foreign view, not an empty customer.
      await this.#redis.del(this.#keys.position(partition))
      stepDone('position-removed')
      await this.#redis.unlink(this.#keys.customers(partition), this.#keys.tenants(partition), ...indexes)
    })
  }

  /**
   * A task has one call under way at a time, so its buffer is used again; not after a failure, since the socket may
   * still be sending from it.
   */
  async #run(
    script: RedisScript,
    partition: number,
    keys: readonly string[],
    writeArguments: (resp: RespBuffer) => void,
  ): Promise<unknown> {
    const resp = this.#resp.get(partition) ?? new RespBuffer()
    this.#resp.delete(partition)
    const answer = await script.run(this.#redis, resp, keys, writeArguments)
    this.#resp.set(partition, resp)
    return answer
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
        await sleep(wait, undefined, signal ? { signal } : {}).catch(() => {
          // Aborted: the signal's reason is thrown above, not the timer's error.
        })
      }
    }
  }
}

function foreign(partition: number, expected: number | null): AppError {
  return new AppError('REDIS_FOREIGN', `the view of partition ${partition} is not at ${expected}`, {
    retryable: true,
    details: { partition, expected },
  })
}
