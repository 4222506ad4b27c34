import type { AvroSchema, FromAvro } from '../avro.ts'
import { reasonSchema } from './reason.ts'

export const scoreChangeSchema = {
  type: 'record',
  name: 'ScoreChange',
  namespace: 'everscore.results',
  doc: 'A held grade, band, segment or tier moved. Topic: score-changes.',
  fields: [
    { name: 'changeId', type: 'string', doc: 'The same change always has the same id: readers deduplicate by it.' },
    { name: 'tenantId', type: 'string' },
    { name: 'customerId', type: 'string' },
    { name: 'kind', type: 'string', doc: 'lead, churn, segment or tier.' },
    { name: 'from', type: ['null', 'string'], doc: 'null: the first time that this customer has one.' },
    { name: 'to', type: 'string' },
    { name: 'fromValue', type: ['null', 'double'], doc: 'The probability or risk when `from` was set.' },
    { name: 'toValue', type: 'double' },
    { name: 'reasons', type: { type: 'array', items: reasonSchema } },
    { name: 'eventId', type: 'string' },
    { name: 'cause', type: 'string', doc: 'event, timer, model or population.' },
    {
      name: 'occurredAt',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: 'When it happened in event time.',
    },
    { name: 'modelVersion', type: 'string' },
  ],
} as const satisfies AvroSchema

export type ScoreChange = FromAvro<typeof scoreChangeSchema>
