import type { Redis } from 'ioredis'
import type { RedisKeys } from '../schemas/redis-keys.ts'
import { type ScriptAnswer, viewOf } from './redis-lookup.ts'
import { RedisReadScript } from './redis-read-script.ts'
import type { PairsRead, ResultLookup, ResultScope, ResultsRead, WindowsRead } from './result-lookup.ts'

/** The serving view of results in Redis; see RedisLookup. */
export class RedisResultLookup implements ResultLookup {
  readonly #redis: Redis
  readonly #keys: RedisKeys
  readonly #readWindows = new RedisReadScript('read-windows.lua')
  readonly #readResults = new RedisReadScript('read-results.lua')
  readonly #readPairs = new RedisReadScript('read-pairs.lua')
  readonly #readPartners = new RedisReadScript('read-partners.lua')

  constructor(redis: Redis, keys: RedisKeys) {
    this.#redis = redis
    this.#keys = keys
  }

  async windows({ partition, scope }: ResultScope, first: number, last: number): Promise<WindowsRead> {
    const names = [...this.#viewKeys(partition), this.#keys.resultWindows(partition, scope)]
    const answer = await this.#run(this.#readWindows, names, [String(first), String(last)])
    return { ...viewOf(answer), windows: (answer[3] as Buffer[]).map(String) }
  }

  async results(
    { partition, scope }: ResultScope,
    windows: readonly string[],
    ids: readonly string[] | null,
  ): Promise<ResultsRead> {
    const names = [
      ...this.#viewKeys(partition),
      ...windows.map((window) => this.#keys.results(partition, scope, window)),
    ]
    const answer = await this.#run(this.#readResults, names, ids ?? [])
    const rows = answer[3] as unknown as (Buffer | null)[][]
    const values = rows.flatMap((row) => (ids === null ? row.filter((_, i) => i % 2 === 1) : row))
    return { ...viewOf(answer), values: values.filter((value) => value !== null) }
  }

  async pairs({ partition, scope }: ResultScope, window: string, cursor: string, about: number): Promise<PairsRead> {
    const names = [...this.#viewKeys(partition), this.#keys.results(partition, scope, window)]
    const answer = await this.#run(this.#readPairs, names, [cursor, String(about)])
    const [, , , values, next, count] = answer as unknown as [...ScriptAnswer, Buffer, number] // its header says so
    return { ...viewOf(answer), values: values as Buffer[], cursor: String(next), count }
  }

  async partners({ partition, scope }: ResultScope, window: string, item: string, limit: number): Promise<ResultsRead> {
    const names = [
      ...this.#viewKeys(partition),
      this.#keys.partners(partition, scope, window, item),
      this.#keys.results(partition, scope, window),
    ]
    const answer = await this.#run(this.#readPartners, names, [item, String(limit)])
    return { ...viewOf(answer), values: answer[3] as Buffer[] }
  }

  async #run(script: RedisReadScript, names: readonly string[], args: readonly string[]): Promise<ScriptAnswer> {
    return (await script.run(this.#redis, names, args)) as ScriptAnswer // its header says so
  }

  #viewKeys(partition: number): [string, string] {
    return [this.#keys.resultsRebuilding(partition), this.#keys.resultsPosition(partition)]
  }
}
