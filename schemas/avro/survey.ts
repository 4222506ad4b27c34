import type { AvroSchema, FromAvro } from '../avro.ts'

export const surveySchema = {
  type: 'record',
  name: 'Survey',
  namespace: 'everscore.events',
  doc: 'One answer to a survey. Topic: surveys.',
  fields: [
    { name: 'eventId', type: 'string' },
    { name: 'tenantId', type: 'string' },
    { name: 'customerId', type: 'string' },
    { name: 'kind', type: { type: 'enum', name: 'SurveyKind', symbols: ['NPS', 'CSAT', 'CES'] } },
    { name: 'score', type: 'int', doc: 'NPS 0-10, CSAT 1-5, CES 1-7; outside its range the event is a dead letter.' },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'comment', type: ['null', 'string'], default: null },
    {
      name: 'attributes',
      type: { type: 'map', values: 'string' },
      default: {},
      doc: 'Dimensions to group NPS by: region, plan, channel.',
    },
  ],
} as const satisfies AvroSchema

export type Survey = FromAvro<typeof surveySchema>
