import type { ConsumedRecord } from '../../connectors/kafka/consumed-record.ts'
import { type RecordSource, sizeOf } from '../../connectors/kafka/fetched-records.ts'
import { RecordBatchBuilder } from '../../connectors/kafka/record-batch-builder.ts'
import { readRecordBatches } from '../../connectors/kafka/record-batch-reader.ts'
import { AvroCodec, type SchemaSource } from '../../schemas/codec.ts'
import { AppError } from '../../schemas/errors.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'
import { INPUT_TOPICS, type InputTopic, TOPICS } from '../../schemas/topics.ts'
import { atOffset } from '../connectors/kafka/batch-bytes.ts'

const noSchemas: SchemaSource = {
  schemaById: (id) => Promise.reject(new AppError('SCHEMA_UNKNOWN', `no schema ${id}`)),
}

/** Codecs of the input topics, as if the registry had numbered them from 1. */
export function inputCodecs(): Record<InputTopic, AvroCodec<InputEvent['event']>> {
  const codecs = INPUT_TOPICS.map((topic, i) => {
    const codec = new AvroCodec<InputEvent['event']>(TOPICS[topic].schema!, noSchemas).useId(i + 1)
    return [topic, codec] as const
  })
  // Every topic is there: the pairs come from the list of all.
  return Object.fromEntries(codecs) as Record<InputTopic, AvroCodec<InputEvent['event']>>
}

const codecs = inputCodecs()

export interface RecordFields {
  readonly offset?: number
  readonly key?: string | Buffer | null
  readonly value?: Buffer | null
  readonly timestamp?: number
}

/** A record as it comes out of a fetch. */
export function consumed({ offset = 0, key = 'shop/c-1', value = null, timestamp = 0 }: RecordFields): ConsumedRecord {
  const builder = new RecordBatchBuilder(1_024)
  builder.add(timestamp, typeof key === 'string' ? Buffer.from(key) : key, value, Buffer.alloc(0), 0)
  const [record] = readRecordBatches(atOffset(builder.finish(), offset), offset, []).records
  return record!
}

/** An event's record, keyed as it should be. */
export function recordOf(input: InputEvent, fields: RecordFields = {}): ConsumedRecord {
  const { tenantId, customerId } = input.event
  return consumed({ key: customerKey(tenantId, customerId), value: codecs[input.topic].encode(input.event), ...fields })
}

/** Records as a fetch answer gives them. */
export function sourceOf(...records: ConsumedRecord[]): RecordSource {
  let taken = 0
  return {
    get left() {
      return records.length - taken
    },
    bytes: records.reduce((sum, record) => sum + sizeOf(record), 0),
    next: () => records[taken++]!,
  }
}

let eventNumber = 0

/** An interaction with a new id. */
export function interaction(fields: Partial<Extract<InputEvent, { topic: 'interactions' }>['event']> = {}): InputEvent {
  const event = {
    eventId: `interaction-${eventNumber++}`,
    tenantId: 'shop',
    customerId: 'c-1',
    type: 'page_view',
    occurredAt: 1_700_000_000_000,
    channel: null,
    itemId: null,
    durationMs: null,
    properties: {},
    ...fields,
  }
  return { topic: 'interactions', event }
}

/** An event of any topic with nothing in it but its time. */
export function eventAt(topic: InputTopic, occurredAt: number, eventId = `event-${eventNumber++}`): InputEvent {
  const base = { eventId, tenantId: 'shop', customerId: 'c-1', occurredAt }
  switch (topic) {
    case 'interactions':
      return interaction({ ...base })
    case 'transactions': {
      const money = { currency: 'GBP', amountMinor: 100, orderId: null, lines: [], properties: {} }
      return { topic, event: { ...base, type: 'PURCHASE', ...money } }
    }
    case 'surveys':
      return { topic, event: { ...base, kind: 'NPS', score: 9, comment: null, attributes: {} } }
    case 'profiles':
      return { topic, event: { ...base, traits: { plan: 'pro' } } }
    case 'outcomes':
      return { topic, event: { ...base, kind: 'CONVERTED', valueMinor: null, currency: null } }
  }
}
