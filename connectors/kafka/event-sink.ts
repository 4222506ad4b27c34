import type { AvroSchema } from '../../schemas/avro.ts'
import { AvroCodec } from '../../schemas/codec.ts'
import { AppError } from '../../schemas/errors.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'
import { INPUT_TOPICS, type InputTopic, TOPICS, type TopicSpec } from '../../schemas/topics.ts'
import { KafkaClient, type KafkaSettings } from './client.ts'
import { EventProducer, type ProducedRecord } from './event-producer.ts'

/** What a topic takes, less what the record batch itself needs. */
const MAX_EVENT_BYTES = 1_000_000

export interface EventSinkOptions {
  readonly kafka: KafkaSettings
  readonly prefix: string
  /** Registers a schema under a subject, or finds it there. */
  readonly register: (subject: string, schema: AvroSchema) => Promise<number>
  readonly now: () => number
}

/** Writes events into the input topics, as any application would: Avro by the registry's ids, keyed by customer. */
export class EventSink {
  readonly #client: KafkaClient
  readonly #producer: EventProducer
  readonly #codecs: ReadonlyMap<InputTopic, AvroCodec<InputEvent['event']>>
  readonly #prefix: string
  readonly #now: () => number

  private constructor(
    client: KafkaClient,
    codecs: ReadonlyMap<InputTopic, AvroCodec<InputEvent['event']>>,
    { prefix, now }: EventSinkOptions,
  ) {
    this.#client = client
    this.#producer = new EventProducer(client)
    this.#codecs = codecs
    this.#prefix = prefix
    this.#now = now
  }

  static async connect(options: EventSinkOptions): Promise<EventSink> {
    const client = new KafkaClient(options.kafka)
    try {
      await client.connect(INPUT_TOPICS.map((topic) => options.prefix + topic))
      return new EventSink(client, await registered(options), options)
    } catch (error) {
      await client.close()
      throw error
    }
  }

  /**
   * Resolves when the events are durable; at least once (a batch whose answer was lost is sent again).
   * @throws AppError INPUT_INVALID naming the field of the first event that doesn't fit its schema or its topic; nothing
   * of the call was sent then
   */
  async write(events: readonly InputEvent[]): Promise<void> {
    const records: ProducedRecord[] = events.map(({ topic, event }) => {
      const value = this.#codecs.get(topic)!.encode(event)
      if (value.length > MAX_EVENT_BYTES) {
        throw new AppError(
          'INPUT_INVALID',
          `event ${event.eventId} has ${value.length} bytes, more than ${MAX_EVENT_BYTES}`,
          {
            details: { field: 'event', reason: 'TOO_LARGE' },
          },
        )
      }
      return {
        topic: this.#prefix + topic,
        key: Buffer.from(customerKey(event.tenantId, event.customerId)),
        value,
        timestamp: this.#now(),
      }
    })
    await this.#producer.send(records)
  }

  async close(): Promise<void> {
    await this.#client.close()
  }
}

/** Codecs of the input topics, which write by the ids that the registry gave their schemas. */
async function registered(options: EventSinkOptions): Promise<Map<InputTopic, AvroCodec<InputEvent['event']>>> {
  const codecs = new Map<InputTopic, AvroCodec<InputEvent['event']>>()
  const noReading = {
    schemaById: (id: number) =>
      Promise.reject(new AppError('SCHEMA_UNKNOWN', `this codec only writes, not schema ${id}`)),
  }
  for (const topic of INPUT_TOPICS) {
    const { schema } = TOPICS[topic] as TopicSpec
    if (schema === null) throw new AppError('INTERNAL', `${topic} has no schema`)
    const id = await options.register(`${options.prefix}${topic}-value`, schema)
    codecs.set(topic, new AvroCodec<InputEvent['event']>(schema, noReading).useId(id))
  }
  return codecs
}
