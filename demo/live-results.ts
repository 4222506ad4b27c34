import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaClient, type KafkaSettings } from '../connectors/kafka/client.ts'
import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import { Fetcher, type Subscription } from '../connectors/kafka/fetcher.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import { type Customer, customerSchema } from '../schemas/avro/customer.ts'
import { type Nps, npsSchema } from '../schemas/avro/nps.ts'
import { type ScoreChange, scoreChangeSchema } from '../schemas/avro/score-change.ts'
import { AvroCodec, type SchemaSource } from '../schemas/codec.ts'
import type { AppError } from '../schemas/errors.ts'
import { ModelNews } from './model-news.ts'

const ASK_EVERY_MS = 20

type AddRecords = (records: readonly ConsumedRecord[]) => void

export interface LiveResultsOptions {
  readonly kafka: KafkaSettings
  readonly prefix: string
  readonly schemas: SchemaSource
  readonly onFailure: (error: AppError) => void
  /** Told of what becomes of models. */
  readonly say: (line: string) => void
}

const TOPICS = ['customers', 'score-changes', 'dead-letters', 'nps', 'models', 'training-requests']

/** Follows the result topics from their beginnings, as any read_committed reader would: what the terminal shows. */
export class LiveResults {
  readonly #options: LiveResultsOptions
  readonly #kafka: KafkaClient
  readonly #fetcher: Fetcher
  readonly #changeCodec: AvroCodec<ScoreChange>
  readonly #customerCodec: AvroCodec<Customer>
  readonly #npsCodec: AvroCodec<Nps>
  readonly #subscriptions: Subscription[] = []
  /** By `<topic>/<partition>`: the offset up to which it has been read. */
  readonly #read = new Map<string, number>()
  /** Called for each `customers` record while somebody wants to know. */
  onScored: ((record: ConsumedRecord, at: number) => void) | null = null
  scored = 0
  /** Records that a timer gave: customers whose band moved because nothing came. */
  quiet = 0
  changes = 0
  deadLetters = 0
  /** performance.now() when the last `customers` record came. */
  lastScoredAt = 0
  /** Of these by kind, those from one name to another: lead, churn, segment, tier. */
  readonly moves = new Map<string, number>()
  /** NPS of all answers so far. */
  nps: Nps | null = null
  /** The newest change of a grade or band that there was before. */
  lastChange: ScoreChange | null = null
  readonly models: ModelNews

  constructor(options: LiveResultsOptions) {
    this.#options = options
    this.#kafka = new KafkaClient(options.kafka)
    this.#fetcher = new Fetcher(this.#kafka, { maxWaitMs: 20, partitionBytes: 4 * 1024 * 1024 })
    this.#changeCodec = new AvroCodec(scoreChangeSchema, options.schemas)
    this.#customerCodec = new AvroCodec(customerSchema, options.schemas)
    this.models = new ModelNews(options.say)
    this.#npsCodec = new AvroCodec(npsSchema, options.schemas)
  }

  async start(): Promise<void> {
    const { prefix } = this.#options
    await this.#kafka.connect(TOPICS.map((topic) => prefix + topic))
    await this.#follow('customers', (records) => this.#addScored(records))
    await this.#follow('score-changes', (records) => this.#addChanges(records))
    await this.#follow('nps', (records) => this.#addNps(records))
    await this.#follow('dead-letters', (records) => {
      this.deadLetters += records.length
    })
    await this.#follow('training-requests', (records) => {
      for (const { key, value } of records) if (key && value) this.models.addRequest(key.toString(), value)
    })
    await this.#follow('models', (records) => {
      const now = performance.now()
      for (const { key, value } of records) if (key && value) this.models.addModel(key.toString(), value, now)
    })
  }

  /** Resolves when all that is in a topic now has been read. */
  async untilRead(topic: 'customers' | 'models', signal: AbortSignal): Promise<void> {
    const name = this.#options.prefix + topic
    for (let partition = 0; partition < this.#kafka.partitionsOf(name); partition++) {
      const { end } = await logRange(this.#kafka, name, partition)
      while (this.#read.get(`${topic}/${partition}`)! < end) await sleep(ASK_EVERY_MS, undefined, { signal })
    }
  }

  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.close()
    await this.#fetcher.close()
    await this.#kafka.close()
  }

  async #follow(topic: string, add: AddRecords): Promise<void> {
    const name = this.#options.prefix + topic
    for (let partition = 0; partition < this.#kafka.partitionsOf(name); partition++) {
      const { start } = await logRange(this.#kafka, name, partition)
      this.#read.set(`${topic}/${partition}`, start)
      const subscription = this.#fetcher.subscribe(name, partition, start, {
        wantsMore: () => true,
        push: (records, { position }) => {
          this.#read.set(`${topic}/${partition}`, position)
          add([...records])
        },
        failed: this.#options.onFailure,
      })
      this.#subscriptions.push(subscription)
    }
  }

  #addScored(records: readonly ConsumedRecord[]): void {
    const newest = records.at(-1)?.value
    if (newest && this.models.awaitsScore) this.#lookAtModels(newest)
    // Only what an event caused has an origin.
    const events = records.reduce((count, record) => count + (record.headers().has('topic') ? 1 : 0), 0)
    this.quiet += records.length - events
    if (events === 0) return
    this.scored += events
    this.lastScoredAt = performance.now()
    if (this.onScored) for (const record of records) this.onScored(record, this.lastScoredAt)
  }

  #lookAtModels(value: Buffer): void {
    this.#customerCodec.decodeLoading(value).then(
      (customer) => this.models.addScore(customer, this.scored, performance.now()),
      () => {}, // as below
    )
  }

  #addChanges(records: readonly ConsumedRecord[]): void {
    this.changes += records.length
    for (const { value } of records)
      if (value !== null) this.#show(this.#changeCodec, value, (change) => this.#moved(change))
  }

  #moved(change: ScoreChange): void {
    if (change.from === null) return
    this.lastChange = change
    this.moves.set(change.kind, (this.moves.get(change.kind) ?? 0) + 1)
  }

  #addNps(records: readonly ConsumedRecord[]): void {
    // The key of the one result of all answers since ever ends so.
    const value = records.findLast(({ key }) => key?.toString().endsWith('/NPS/0//'))?.value
    if (value) this.#show(this.#npsCodec, value, (nps) => (this.nps = nps))
  }

  #show<T>(codec: AvroCodec<T>, value: Buffer, show: (record: T) => void): void {
    // What can't be read isn't shown: the books read everything again.
    codec.decodeLoading(value).then(show, () => {})
  }
}
