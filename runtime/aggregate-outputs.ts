import type { AggregateChanges, AggregateResult } from '../aggregates/changes.ts'
import type { TransactionOutput } from '../connectors/kafka/produce-outputs.ts'
import { RecordBatches } from '../connectors/kafka/record-batches.ts'
import type { CrossSell } from '../schemas/avro/cross-sell.ts'
import type { Nps } from '../schemas/avro/nps.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import type { ResultEntry } from '../state/result-store.ts'
import { ByteArena } from './byte-arena.ts'
import type { EncodedDeadLetter } from './dead-letter.ts'

const NO_HEADERS = Buffer.alloc(0)
/** What an aggregate task writes. */
export const OUTPUT_TOPICS = ['aggregate-state', 'nps', 'cross-sell', 'thresholds', 'dead-letters'] as const
/** Encoded between two chances to give way. */
const SLICE_RESULTS = 64
type OutputTopic = (typeof OUTPUT_TOPICS)[number]

/** Key of the last record of every batch in `aggregate-state`: no tenant has an empty id. */
export const TASK_POSITION_KEY = '/position'

/** Its value, as JSON: how far the task had come with that batch. */
export interface TaskPosition {
  /** Next offset to read of each delta topic, by full topic name. */
  readonly inputs: Readonly<Record<string, number>>
  /** See AggregateClock. */
  readonly readUpTo: number
}

export interface AggregateCodecs {
  readonly nps: AvroCodec<Nps>
  readonly crossSell: AvroCodec<CrossSell>
}

export interface AggregateOutputsOptions {
  readonly topicName: (topic: TopicName) => string
  readonly partition: number
  readonly codecs: AggregateCodecs
}

/** The records that one unit of work of the aggregate task writes; results go to the task's own partition. */
export class AggregateOutputs {
  readonly #options: AggregateOutputsOptions
  readonly #batches = new Map(OUTPUT_TOPICS.map((topic) => [topic, new RecordBatches()]))
  readonly #results = new Map<string, ResultEntry>()
  /** Two, used by turns: Redis is still being sent the results of one batch while those of the next are encoded. */
  readonly #arenas = [new ByteArena(), new ByteArena()] as const
  #batch = 0
  #timestamp = 0

  constructor(options: AggregateOutputsOptions) {
    this.#options = options
  }

  /** The results of the batch for the view: the newest of each key. */
  get results(): readonly ResultEntry[] {
    return [...this.#results.values()]
  }

  /** @param timestamp of all records that follow, epoch ms */
  reset(timestamp: number): void {
    this.#timestamp = timestamp
    this.#results.clear()
    for (const batches of this.#batches.values()) batches.reset()
  }

  deadLetter({ key, value, headers }: EncodedDeadLetter): void {
    this.#batches.get('dead-letters')!.next.add(this.#timestamp, key, value, headers.bytes, headers.count)
  }

  /** Gives way at every `yield`. */
  *finish({ entries, results }: AggregateChanges, position: TaskPosition): Generator<void, TransactionOutput[]> {
    this.#batch++
    this.#arena.reset()
    for (const { key, value } of entries) {
      this.#add('aggregate-state', key, value)
      yield
    }
    for (const [i, result] of results.entries()) {
      this.#result(result)
      if (i % SLICE_RESULTS === SLICE_RESULTS - 1) yield
    }
    this.#add('aggregate-state', TASK_POSITION_KEY, Buffer.from(JSON.stringify(position)))
    const { topicName, partition } = this.#options
    return [...this.#batches].flatMap(([topic, { batches }]) => {
      const target = topic === 'thresholds' ? 0 : partition
      return batches.length === 0 ? [] : [{ topic: topicName(topic), partition: target, batches }]
    })
  }

  #result({ topic, key, value }: AggregateResult): void {
    const { codecs } = this.#options
    if (topic === 'thresholds') {
      this.#add(topic, key, Buffer.from(JSON.stringify(value)))
      return
    }
    const bytes =
      value === null
        ? null
        : this.#arena.write((into, at) =>
            topic === 'nps' ? codecs.nps.encodeInto(value, into, at) : codecs.crossSell.encodeInto(value, into, at),
          )
    this.#add(topic, key, bytes)
    const confidence: ResultEntry['confidence'] =
      topic === 'nps' || value === null ? null : [value.confidenceAB, value.confidenceBA]
    this.#results.set(key, { key, value: bytes, confidence })
  }

  get #arena(): ByteArena {
    return this.#arenas[this.#batch % 2]!
  }

  #add(topic: OutputTopic, key: string, value: Buffer | null): void {
    this.#batches.get(topic)!.next.add(this.#timestamp, Buffer.from(key), value, NO_HEADERS, 0)
  }
}
