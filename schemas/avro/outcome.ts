import type { AvroSchema, FromAvro } from '../avro.ts'

export const outcomeSchema = {
  type: 'record',
  name: 'Outcome',
  namespace: 'everscore.events',
  doc: 'What became of a lead or customer: the labels that models learn from. Topic: outcomes.',
  fields: [
    { name: 'eventId', type: 'string' },
    { name: 'tenantId', type: 'string' },
    { name: 'customerId', type: 'string' },
    {
      name: 'kind',
      type: { type: 'enum', name: 'OutcomeKind', symbols: ['CONVERTED', 'LOST', 'CHURNED', 'RETAINED'] },
    },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'valueMinor', type: ['null', 'long'], default: null },
    { name: 'currency', type: ['null', 'string'], default: null },
  ],
} as const satisfies AvroSchema

export type Outcome = FromAvro<typeof outcomeSchema>
