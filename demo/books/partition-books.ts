import type { Redis } from 'ioredis'
import { topicSchema } from '../../connectors/file-replay/topic-schema.ts'
import { type Customer, customerSchema } from '../../schemas/avro/customer.ts'
import { type ScoreChange, scoreChangeSchema } from '../../schemas/avro/score-change.ts'
import { AvroCodec, type SchemaSource } from '../../schemas/codec.ts'
import { messageOf } from '../../schemas/errors.ts'
import type { InputEvent } from '../../schemas/events.ts'
import type { RedisKeys } from '../../schemas/redis-keys.ts'
import { INPUT_TOPICS, type InputTopic } from '../../schemas/topics.ts'
import { type ChangeFacts, checkChanges } from './check-changes.ts'
import { checkCustomer } from './check-customer.ts'
import { SwapBooks } from './check-swaps.ts'
import type { Histories } from './chosen-histories.ts'
import { type Served, servingOf } from './published-models.ts'
import { readDeadLetters, readInputs, readScored } from './read-partition.ts'
import { reconcile } from './reconcile.ts'
import type { ResultLogs } from './result-logs.ts'

export interface PartitionBooksDeps {
  readonly logs: ResultLogs
  readonly redis: Redis
  readonly keys: RedisKeys
  readonly schemas: SchemaSource
  readonly served: Served
}

/** What the books of one partition come to. */
export interface PartitionBooks {
  readonly inputs: Readonly<Record<InputTopic, number>>
  readonly scored: number
  readonly changes: number
  readonly duplicates: number
  /** Reasons of the dead letters of whole events. */
  readonly deadLetters: readonly string[]
  readonly customers: number
  readonly recomputed: number
  readonly recomputedAtSwaps: number
  readonly mismatches: readonly string[]
}

/** Checks partitions one after another, so that no more than one of them is held in memory. */
export class PartitionChecker {
  readonly #deps: PartitionBooksDeps
  readonly #inputCodecs: ReadonlyMap<InputTopic, AvroCodec<InputEvent['event']>>
  readonly #customerCodec: AvroCodec<Customer>
  readonly #changeCodec: AvroCodec<ScoreChange>

  constructor(deps: PartitionBooksDeps) {
    const { schemas } = deps
    this.#deps = deps
    this.#inputCodecs = new Map(INPUT_TOPICS.map((topic) => [topic, new AvroCodec(topicSchema(topic), schemas)]))
    this.#customerCodec = new AvroCodec(customerSchema, schemas)
    this.#changeCodec = new AvroCodec(scoreChangeSchema, schemas)
  }

  /** @param histories of the customers to recompute whose keys belong to this partition */
  async check(partition: number, histories: Histories): Promise<PartitionBooks> {
    const { logs, served: models } = this.#deps
    const inputs = await readInputs(logs, partition, this.#inputCodecs)
    const swaps = new SwapBooks(models, histories)
    const { scored, newestValues } = await readScored(logs, partition, async (key, value) => {
      swaps.add(key, await this.#customerCodec.decodeLoading(value))
    })
    const deadLetters = await readDeadLetters(logs, partition)
    const changes = await this.#readChanges(partition)
    const { duplicates, mismatches } = reconcile({
      inputs: inputs.records,
      scored,
      deadLetters: deadLetters.map(({ origin }) => origin),
    })
    const view = await this.#deps.redis.hgetallBuffer(this.#deps.keys.customers(partition))
    const found = [...mismatches, ...swaps.mismatches, ...compareView(newestValues, view)]
    const served = await this.#decode(view, found)
    found.push(...checkChanges(changes, served))
    for (const [key, events] of histories) {
      const stored = served.get(key)
      if (stored === undefined) found.push(`${key} is not in Redis, but has ${events.length} events`)
      else
        for (const difference of checkCustomer(events, stored, servingOf(models))) found.push(`${key}: ${difference}`)
    }
    return {
      inputs: inputs.counts,
      scored: scored.length,
      changes: changes.length,
      duplicates,
      deadLetters: deadLetters.map(({ reason }) => reason),
      customers: served.size,
      recomputed: histories.size,
      recomputedAtSwaps: swaps.recomputed,
      mismatches: found,
    }
  }

  async #readChanges(partition: number): Promise<ChangeFacts[]> {
    const changes: ChangeFacts[] = []
    for (const { value } of await this.#deps.logs.read('score-changes', partition)) {
      if (value !== null) changes.push(await this.#changeCodec.decodeLoading(value))
    }
    return changes
  }

  async #decode(view: Readonly<Record<string, Buffer>>, mismatches: string[]): Promise<Map<string, Customer>> {
    const customers = new Map<string, Customer>()
    for (const [key, value] of Object.entries(view)) {
      try {
        customers.set(key, await this.#customerCodec.decodeLoading(value))
      } catch (error) {
        mismatches.push(`${key} can't be read from Redis: ${messageOf(error)}`)
      }
    }
    return customers
  }
}

/** Redis must hold the newest record of every customer, byte for byte, and nothing else. */
function compareView(newest: ReadonlyMap<string, Buffer>, view: Readonly<Record<string, Buffer>>): string[] {
  const strangers = Object.keys(view).filter((key) => !newest.has(key))
  const others = [...newest].filter(([key, value]) => view[key]?.equals(value) !== true)
  return [
    ...strangers.map((key) => `${key} is in Redis, but has no record in customers`),
    ...others.map(([key]) => `${key} in Redis is not its newest record of customers`),
  ]
}
