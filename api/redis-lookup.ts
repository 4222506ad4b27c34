import type { Redis } from 'ioredis'
import { customerKey } from '../schemas/partition.ts'
import type { RedisKeys } from '../schemas/redis-keys.ts'
import { parseWorkerReport, type WorkerReport } from '../schemas/worker-report.ts'
import type {
  CustomerLookup,
  CustomerValues,
  Installation,
  PartitionView,
  TopEntries,
  TopEntry,
  TopQuery,
} from './customer-lookup.ts'
import { asking, RedisReadScript } from './redis-read-script.ts'

/** What the read scripts return: see their headers. */
export type ScriptAnswer = [mark: Buffer | null, offset: Buffer | null, inputs: Buffer | null, rows: (Buffer | null)[]]

/** The serving view in Redis (a node or a cluster), on a connection that fails fast: see connectRedis. */
export class RedisLookup implements CustomerLookup {
  readonly #redis: Redis
  readonly #keys: RedisKeys
  readonly #readCustomers = new RedisReadScript('read-customers.lua')
  readonly #readTop = new RedisReadScript('read-top.lua')

  constructor(redis: Redis, keys: RedisKeys) {
    this.#redis = redis
    this.#keys = keys
  }

  async read(partition: number, tenantId: string, customerIds: readonly string[]): Promise<CustomerValues> {
    const names = [...this.#viewKeys(partition), this.#keys.customers(partition)]
    const members = customerIds.map((id) => customerKey(tenantId, id))
    const answer = (await this.#readCustomers.run(this.#redis, names, members)) as ScriptAnswer // its header says so
    return { ...viewOf(answer), values: answer[3] }
  }

  async top(partition: number, tenantId: string, query: TopQuery): Promise<TopEntries> {
    const names = [...this.#viewKeys(partition), this.#keys.top(partition, tenantId, query.index)]
    const place = query.after ? [String(query.after.score), query.after.id] : ['', '']
    const answer = (await this.#readTop.run(this.#redis, names, [String(query.limit), ...place])) as ScriptAnswer
    return { ...viewOf(answer), entries: entriesOf(answer[3] as Buffer[]) }
  }

  async installation(partitions: number): Promise<Installation> {
    const numbers = Array.from({ length: partitions }, (_, partition) => partition)
    const marked = (keyOf: RedisKeys['rebuilding']): Promise<number[]> =>
      Promise.all(numbers.map((partition) => this.#redis.exists(keyOf(partition))))
    const [count, hash, marks, resultMarks] = await asking(() =>
      Promise.all([
        this.#redis.hget(this.#keys.meta, 'partitions'),
        this.#redis.hgetall(this.#keys.workers),
        marked(this.#keys.rebuilding),
        marked(this.#keys.resultsRebuilding),
      ]),
    )
    const reports: WorkerReport[] = []
    const unreadable: string[] = []
    for (const [workerId, json] of Object.entries(hash)) {
      const report = parseWorkerReport(json)
      if (report === undefined) unreadable.push(workerId)
      else reports.push(report)
    }
    return {
      partitions: count === null ? null : Number(count),
      reports,
      unreadable,
      rebuilding: numbers.filter((partition) => marks[partition] === 1),
      resultsRebuilding: numbers.filter((partition) => resultMarks[partition] === 1),
    }
  }

  #viewKeys(partition: number): [string, string] {
    return [this.#keys.rebuilding(partition), this.#keys.position(partition)]
  }
}

export function viewOf([mark, offset, inputs]: ScriptAnswer): PartitionView {
  if (mark !== null) return { state: 'rebuilding', progress: progressOf(mark) }
  if (offset === null) return { state: 'absent' }
  // A rebuild writes no input offsets before its end; nor does a takeover of an empty changelog, at offset 0.
  const unproven = (inputs === null || String(inputs) === '{}') && Number(offset) > 0
  return { state: unproven ? 'unproven' : 'settled' }
}

function progressOf(mark: Buffer): unknown {
  try {
    return JSON.parse(mark.toString())
  } catch {
    return undefined // the mark itself is the news, its text a courtesy
  }
}

function entriesOf(flat: readonly Buffer[]): TopEntry[] {
  const entries: TopEntry[] = []
  for (let i = 0; i < flat.length; i += 2) entries.push({ id: flat[i]!, score: Number(flat[i + 1]) })
  return entries
}
