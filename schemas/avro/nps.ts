import type { AvroSchema, FromAvro } from '../avro.ts'

export const npsSchema = {
  type: 'record',
  name: 'Nps',
  namespace: 'everscore.results',
  doc: 'NPS of a tenant, or of one group of his customers, in one window of event time. Topic: nps (compacted).',
  fields: [
    { name: 'tenantId', type: 'string' },
    { name: 'surveyKind', type: 'string', doc: 'NPS.' },
    { name: 'groupKey', type: ['null', 'string'], doc: 'The survey attribute, such as region; null: all answers.' },
    { name: 'groupValue', type: ['null', 'string'], doc: 'Its value; null: all answers.' },
    { name: 'windowStart', type: 'long', doc: 'Epoch ms, inclusive; 0 for since-ever.' },
    { name: 'windowEnd', type: ['null', 'long'], doc: 'Epoch ms, exclusive; null: since-ever.' },
    { name: 'windowHopMs', type: ['null', 'long'], doc: 'From one window of this size to the next; null: since-ever.' },
    { name: 'promoters', type: 'long', doc: 'Answers of 9 and 10.' },
    { name: 'passives', type: 'long', doc: 'Answers of 7 and 8.' },
    { name: 'detractors', type: 'long', doc: 'Answers of 0 to 6.' },
    { name: 'total', type: 'long' },
    { name: 'nps', type: ['null', 'double'], doc: '100 x (promoters - detractors) / total; null: no answers (left).' },
    { name: 'npsLow', type: ['null', 'double'], doc: 'Of the 95 % confidence interval (adjusted Wald).' },
    { name: 'npsHigh', type: ['null', 'double'] },
    { name: 'band', type: ['null', 'string'], doc: "Of the tenant's settings nps.bands." },
    { name: 'final', type: 'boolean', doc: 'The window is closed. Since-ever is never final.' },
    { name: 'revision', type: 'int', doc: 'Corrections of the final result so far: 0 for the first.' },
    {
      name: 'updatedAt',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: "The worker's clock when it was sent.",
    },
  ],
} as const satisfies AvroSchema

export type Nps = FromAvro<typeof npsSchema>
