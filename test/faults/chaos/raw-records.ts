import type { seeded } from '../../../bench/random.ts'
import type { ProducedRecord } from '../../../connectors/kafka/event-producer.ts'
import type { AvroCodec } from '../../../schemas/codec.ts'
import { customerKey } from '../../../schemas/partition.ts'
import type { InputTopic } from '../../../schemas/topics.ts'
import type { Load } from './make-events.ts'

export type InputCodecs = ReadonlyMap<InputTopic, AvroCodec<object>>

/** An id that no registry gives so soon. */
const UNKNOWN_SCHEMA = 987_654

/** Load as records of the input topics; 0.4 % of the events are damaged on their way. */
export class RawRecords {
  readonly #codecs: InputCodecs
  readonly #prefix: string
  readonly #partitions: number
  readonly #random: ReturnType<typeof seeded>

  constructor(codecs: InputCodecs, prefix: string, partitions: number, random: ReturnType<typeof seeded>) {
    this.#codecs = codecs
    this.#prefix = prefix
    this.#partitions = partitions
    this.#random = random
  }

  of(load: Load): ProducedRecord {
    const topic = this.#prefix + load.topic
    const timestamp = Date.now()
    if ('erase' in load) return { topic, key: Buffer.from(load.erase), value: null, timestamp }
    const { tenantId, customerId } = load.event
    const value = this.#codecs.get(load.topic)!.encode(load.event)
    const record = { topic, key: Buffer.from(customerKey(tenantId, customerId)), value, timestamp }
    return this.#random() < 0.004 ? this.#damaged(record, load.topic) : record
  }

  /** Records of one partition that nobody can read. */
  poison(topic: InputTopic, partition: number, count: number): ProducedRecord[] {
    return Array.from({ length: count }, (_, i) => ({
      topic: this.#prefix + topic,
      key: Buffer.from(`acme/poison-${i}`),
      value: this.#noise(Math.floor(this.#random() * 300)),
      timestamp: Date.now(),
      partition,
    }))
  }

  #damaged(record: ProducedRecord & { readonly value: Buffer }, topic: InputTopic): ProducedRecord {
    const { value, key } = record
    switch (Math.floor(this.#random() * 8)) {
      case 0:
        return { ...record, value: value.subarray(0, Math.floor(this.#random() * value.length)) }
      case 1:
        return { ...record, value: Buffer.concat([value, this.#noise(3)]) }
      case 2:
        return { ...record, value: Buffer.from('{"eventId":"in JSON"}') }
      case 3: {
        const unknown = Buffer.from(value)
        unknown.writeInt32BE(UNKNOWN_SCHEMA, 1)
        return { ...record, value: unknown }
      }
      case 4:
        return { ...record, topic: this.#prefix + (topic === 'surveys' ? 'interactions' : 'surveys') }
      case 5:
        return { ...record, key: Buffer.concat([key, Buffer.from('-other')]) }
      case 6:
        return { ...record, partition: Math.floor(this.#random() * this.#partitions) }
      default:
        return topic === 'profiles' ? { ...record, value: Buffer.alloc(0) } : { ...record, value: null }
    }
  }

  #noise(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => Math.floor(this.#random() * 256)))
  }
}
