import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { AppError, messageOf } from '../schemas/errors.ts'
import { STREAM_TIME_FIELD } from '../schemas/redis-keys.ts'
import { stepDone } from '../schemas/steps.ts'
import { type OwnConnection, OwnConnections, together } from './own-connections.ts'
import { RedisScript, type ScriptArguments } from './redis-script.ts'
import { transact } from './redis-transaction.ts'
import { RespBuffer } from './resp-buffer.ts'
import type { Position, WriteAnswer } from './state-store.ts'
import { ViewCommands } from './view-commands.ts'
import { writeCommand, writeText } from './write-command.ts'

const RETRY_MIN_MS = 20
const RETRY_MAX_MS = 1_000
/** Errors that Redis answers and that end by themselves; those met in a script stand at the end of a longer one. */
const PASSING = /(^|: -)(LOADING|BUSY|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|NOREPLICAS|MISCONF|OOM|MOVED|ASK)/

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
  readonly #connections: OwnConnections
  /** Those that no call uses. */
  readonly #buffers: RespBuffer[] = []
  #healthy = true

  constructor(options: RedisViewOptions) {
    this.#redis = options.redis
    this.#connections = new OwnConnections(options.redis)
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

  /** Moves the position and what else `write` says, atomically, if the view is where the change starts from. */
  async commit(
    partition: number,
    change: ViewChange,
    write: (commands: ViewCommands) => void,
    signal?: AbortSignal,
  ): Promise<WriteAnswer> {
    const key = this.#positionKey(partition)
    const commands = new ViewCommands(key)
    addPosition(commands, key, change.position)
    write(commands)
    const answer = await this.patiently('writing a view', signal, () =>
      commands.isLarge
        ? this.#connections.use(key, (connection) => this.#commitLarge(connection, key, change, commands))
        : this.run(this.#commit, commands.keys, commands.scriptArguments(change)),
    )
    stepDone('view-written')
    return String(answer) as WriteAnswer
  }

  /**
   * The script compares and moves the position here as well, but what it would copy goes before it, in a transaction that
   * is only done if nobody touched the position since it was seen to be where the change starts from.
   */
  async #commitLarge(
    connection: OwnConnection,
    key: string,
    change: ViewChange,
    commands: ViewCommands,
  ): Promise<WriteAnswer> {
    const { redis } = connection
    const { expected, position } = change
    for (;;) {
      const [, found] = await Promise.all(
        together(connection, () => [redis.watch(key), redis.hget(key, 'offset')] as const),
      )
      const at = found === null ? null : Number(found)
      if (at !== expected) {
        await redis.unwatch()
        return at === position.offset ? 'already' : 'foreign'
      }
      const isDone = await transact(connection, (resp) => {
        commands.writeLarge(resp)
        this.#commit.writeWhole(resp, commands.keys, commands.scriptArguments(change))
      })
      if (isDone) return 'written'
    }
  }

  /** Empties a view, in one step. @param others names all keys but the position */
  async reset(partition: number, others: () => Promise<string[]>, signal?: AbortSignal): Promise<void> {
    const key = this.#positionKey(partition)
    await this.patiently('emptying a view', signal, () =>
      this.#connections.use(key, async (connection) => {
        let names: string[]
        do {
          await connection.redis.watch(key)
          names = [key, ...(await others())]
        } while (!(await transact(connection, (resp) => writeCommand(resp, 'UNLINK', [], names, 1, writeText))))
      }),
    )
  }

  /** Buffers are used again; not after a failure, since the socket may still be sending from it. */
  async run(script: RedisScript, keys: readonly string[], args: ScriptArguments): Promise<unknown> {
    const resp = this.#buffers.pop() ?? new RespBuffer()
    const answer = await script.run(this.#redis, resp, keys, args)
    this.#buffers.push(resp)
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

function addPosition(commands: ViewCommands, key: string, { streamTimes, snapshots }: Position): void {
  commands.add('HSET', key, [...streamTimes], 2, (resp, [tenant, time]) => {
    resp.text(STREAM_TIME_FIELD + tenant)
    resp.integer(time)
  })
  if (snapshots === undefined) return
  commands.add('HSET', key, [snapshots], 2, (resp, offset) => {
    resp.text('snapshots')
    resp.integer(offset)
  })
}
