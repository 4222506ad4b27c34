import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { AppError, messageOf } from '../schemas/errors.ts'
import { STREAM_TIME_FIELD } from '../schemas/redis-keys.ts'
import { stepDone } from '../schemas/steps.ts'
import { writePosition } from './redis-change.ts'
import { RedisScript } from './redis-script.ts'
import { RespBuffer } from './resp-buffer.ts'
import type { Position, WriteAnswer } from './state-store.ts'

const RETRY_MIN_MS = 20
const RETRY_MAX_MS = 1_000
/** Errors that Redis answers and that end by themselves. */
const PASSING = /^(LOADING|BUSY|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|NOREPLICAS|MISCONF|OOM)/

export interface RedisViewOptions {
  readonly redis: Redis
  /** Name of the key with the position of a partition's view. */
  readonly positionKey: (partition: number) => string
  /** Told of the first failure of an outage, and with null of its end. */
  readonly onHealth?: (error: AppError | null) => void
}

export interface ViewChange {
  /** The position this change starts from; null: the view is empty. */
  readonly expected: number | null
  readonly position: Position
}

/** One view per partition in Redis, which a position says how far it follows its log: what all such views share. */
export class RedisView {
  readonly #redis: Redis
  readonly #positionKey: (partition: number) => string
  readonly #onHealth: (error: AppError | null) => void
  readonly #commit = new RedisScript('commit.lua')
  readonly #resp = new Map<number, RespBuffer>()
  #healthy = true

  constructor(options: RedisViewOptions) {
    this.#redis = options.redis
    this.#positionKey = options.positionKey
    this.#onHealth = options.onHealth ?? (() => {})
  }

  async position(partition: number, signal?: AbortSignal): Promise<Position | null> {
    const stored = await this.patiently('reading the position', signal, () =>
      this.#redis.hgetall(this.#positionKey(partition)),
    )
    if (stored['offset'] === undefined) return null
    return {
      offset: Number(stored['offset']),
      inputs: JSON.parse(stored['inputs'] ?? '{}') as Record<string, number>,
      cluster: stored['cluster'] ?? '',
      topic: stored['topic'] ?? '',
      at: Number(stored['at'] ?? 0),
      ...(stored['snapshots'] === undefined ? {} : { snapshots: Number(stored['snapshots']) }),
      streamTimes: new Map(
        Object.entries(stored).flatMap(([field, value]) =>
          field.startsWith(STREAM_TIME_FIELD) ? [[field.slice(STREAM_TIME_FIELD.length), Number(value)]] : [],
        ),
      ),
    }
  }

  /**
   * Moves the position and what else `writeGroups` says, atomically; see commit.lua.
   * @param keys those that the groups name, by their number from 2 on; the position is 1
   */
  async commit(
    partition: number,
    change: ViewChange,
    groups: { readonly keys: readonly string[]; readonly write: (resp: RespBuffer) => void },
    signal?: AbortSignal,
  ): Promise<WriteAnswer> {
    const keys = [this.#positionKey(partition), ...groups.keys]
    const answer = await this.patiently('writing a view', signal, () =>
      this.run(this.#commit, partition, keys, (resp) => {
        writePosition(resp, change)
        groups.write(resp)
      }),
    )
    stepDone('view-written')
    return String(answer) as WriteAnswer
  }

  /** Empties a view. @param others removes all keys but the position */
  async reset(partition: number, others: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    await this.patiently('emptying a view', signal, async () => {
      // The position goes first: whoever reads between two of these calls finds a foreign view, not an empty one.
      await this.#redis.del(this.#positionKey(partition))
      stepDone('position-removed')
      await others()
    })
  }

  /**
   * A task has one call under way at a time, so its buffer is used again; not after a failure, since the socket may
   * still be sending from it.
   */
  async run(
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
  async patiently<T>(doing: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
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
