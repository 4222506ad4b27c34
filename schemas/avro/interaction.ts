import type { AvroSchema, FromAvro } from '../avro.ts'

export const interactionSchema = {
  type: 'record',
  name: 'Interaction',
  namespace: 'everscore.events',
  doc: 'Something a person did, or that was done towards them. Topic: interactions.',
  fields: [
    { name: 'eventId', type: 'string', doc: 'Chosen by the producer; the same id is the same event.' },
    { name: 'tenantId', type: 'string' },
    { name: 'customerId', type: 'string', doc: 'Known or anonymous id of the person.' },
    {
      name: 'type',
      type: 'string',
      doc: "page_view, product_view, search, favorite, add_to_cart, inquiry, email_open, email_click, email_reply, call, meeting, demo_request, login, feature_use, support_ticket, contact_attempt, unsubscribe; any other is kept and counted as 'other'.",
    },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'channel', type: ['null', 'string'], default: null },
    { name: 'itemId', type: ['null', 'string'], default: null },
    { name: 'durationMs', type: ['null', 'int'], default: null },
    { name: 'properties', type: { type: 'map', values: 'string' }, default: {} },
  ],
} as const satisfies AvroSchema

export type Interaction = FromAvro<typeof interactionSchema>
