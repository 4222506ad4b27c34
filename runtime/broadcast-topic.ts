import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaClient } from '../connectors/kafka/client.ts'
import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import type { Fetcher, Subscription } from '../connectors/kafka/fetcher.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import { messageOf } from '../schemas/errors.ts'
import type { Log } from './log.ts'

const RETRY_MS = 200

/** The newest value of each key of a compacted topic of one partition. */
export class BroadcastTopic<T> {
  readonly #values = new Map<string, T>()
  readonly #parse: (json: unknown, key: string, offset: number) => T | null
  readonly #log: Log
  readonly #onDelete: (key: string, offset: number) => void
  #subscription: Subscription | null = null
  #closed = false
  #revision = 0

  /** @param parse the value of a record; null: of no interest here. What it throws is logged, and the value before stays @param onDelete told of keys whose record is null */
  constructor(
    parse: (json: unknown, key: string, offset: number) => T | null,
    log: Log,
    onDelete: (key: string, offset: number) => void = () => {},
  ) {
    this.#onDelete = onDelete
    this.#parse = parse
    this.#log = log
  }

  /** Counts up with every record. */
  get revision(): number {
    return this.#revision
  }

  get(key: string): T | undefined {
    return this.#values.get(key)
  }

  /** Keys and values. */
  entries(): Iterable<readonly [key: string, value: T]> {
    return this.#values
  }

  /** Reads to the end before it returns, and follows from there. */
  async start(kafka: KafkaClient, fetcher: Fetcher, topic: string): Promise<void> {
    const { start, end } = await logRange(kafka, topic, 0)
    const apply = (records: Iterable<ConsumedRecord>): void => this.#apply(topic, records)
    for await (const { records } of readPartition(fetcher, topic, 0, { from: start, to: end })) apply(records)
    this.#subscription = fetcher.subscribe(topic, 0, end, {
      wantsMore: () => true,
      push: apply,
      failed: (error) => {
        this.#log(error.message, { level: 'error', code: error.code, topic })
        void this.#startAgain(kafka, fetcher, topic)
      },
    })
  }

  /** A broker that is starting may say that it has no such topic: what is followed must not stand still ever after. */
  async #startAgain(kafka: KafkaClient, fetcher: Fetcher, topic: string): Promise<void> {
    for (let done = false; !done; ) {
      await sleep(RETRY_MS, undefined, { ref: false })
      if (this.#closed) return
      try {
        await this.start(kafka, fetcher, topic)
        done = true
      } catch (error) {
        this.#log(`${topic} is not read: ${messageOf(error)}`, { level: 'debug', topic })
      }
    }
  }

  close(): void {
    this.#closed = true
    this.#subscription?.close()
  }

  #apply(topic: string, records: Iterable<ConsumedRecord>): void {
    for (const { key: bytes, value, offset } of records) {
      const key = bytes?.toString() ?? ''
      this.#revision++
      try {
        if (value === null) {
          this.#values.delete(key)
          this.#onDelete(key, offset)
          continue
        }
        const parsed = this.#parse(JSON.parse(value.toString()), key, offset)
        if (parsed !== null) this.#values.set(key, parsed)
      } catch (error) {
        this.#log(`${topic}: the record of ${key} is refused: ${messageOf(error)}`, { level: 'error', topic, key })
      }
    }
  }
}
