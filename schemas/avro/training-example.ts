import type { AvroSchema, FromAvro } from '../avro.ts'

export const trainingExampleSchema = {
  type: 'record',
  name: 'TrainingExample',
  namespace: 'everscore.results',
  doc: 'A customer as he was at a moment, and what became of him. Topic: training-examples; key: that of the customer.',
  fields: [
    { name: 'tenantId', type: 'string' },
    { name: 'customerId', type: 'string' },
    { name: 'kind', type: 'string', doc: 'The model that learns from it: lead or churn.' },
    {
      name: 'eventId',
      type: 'string',
      doc: 'Of the outcome, or horizon:<key>:<end> where the end of a horizon is the label. With kind and customer it names the example.',
    },
    {
      name: 'at',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: 'The moment of features and traits: the newest event before the label.',
    },
    {
      name: 'knownAt',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: 'The moment at which the label became known.',
    },
    { name: 'label', type: 'int', doc: '1: converted or churned; 0: lost or retained.' },
    { name: 'features', type: { type: 'map', values: 'double' }, doc: 'Built-in features by name.' },
    { name: 'traits', type: { type: 'map', values: ['null', 'boolean', 'double', 'string'] } },
    { name: 'modelVersion', type: 'string', doc: 'The model in force when the label came.' },
    { name: 'probability', type: 'double', doc: 'What that model says of these features.' },
  ],
} as const satisfies AvroSchema

export type TrainingExample = FromAvro<typeof trainingExampleSchema>
