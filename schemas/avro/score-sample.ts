import type { AvroSchema, FromAvro } from '../avro.ts'

/** A reader takes the second of two equal records by its name. */
const scoreFields = [
  { name: 'modelVersion', type: 'string' },
  { name: 'probability', type: 'double', doc: 'What that model says: what the customer was given.' },
  { name: 'shadowVersion', type: ['null', 'string'], default: null, doc: 'Scored beside it; null: no shadow.' },
  { name: 'shadowProbability', type: ['null', 'double'], default: null },
] as const

export const scoreSampleSchema = {
  type: 'record',
  name: 'ScoreSample',
  namespace: 'everscore.results',
  doc: 'What models saw and said at one event of those that are sampled. Topic: score-samples; key: that of the customer.',
  fields: [
    { name: 'tenantId', type: 'string' },
    { name: 'customerId', type: 'string' },
    { name: 'eventId', type: 'string', doc: 'Whose hash decided that the event is sampled.' },
    {
      name: 'at',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: 'The moment of features, traits and scores.',
    },
    {
      name: 'arrivedAt',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: "When the broker took the event: its record's time.",
    },
    { name: 'scoredAt', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: "By the worker's clock." },
    { name: 'features', type: { type: 'map', values: 'double' }, doc: 'Built-in features by name.' },
    { name: 'traits', type: { type: 'map', values: ['null', 'boolean', 'double', 'string'] } },
    { name: 'lead', type: { type: 'record', name: 'SampledLead', fields: scoreFields } },
    { name: 'churn', type: { type: 'record', name: 'SampledChurn', fields: scoreFields } },
  ],
} as const satisfies AvroSchema

export type ScoreSample = FromAvro<typeof scoreSampleSchema>
