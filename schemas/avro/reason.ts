import type { AvroSchema, FromAvro } from '../avro.ts'

export const reasonSchema = {
  type: 'record',
  name: 'Reason',
  namespace: 'everscore.results',
  fields: [
    { name: 'feature', type: 'string' },
    { name: 'value', type: 'double', doc: 'The value of the feature.' },
    {
      name: 'contribution',
      type: 'double',
      doc: 'What it adds to the log odds: coefficient x (value - mean) / scale.',
    },
  ],
} as const satisfies AvroSchema

/** Why a score is what it is: one feature and what it adds to the log odds. */
export type Reason = FromAvro<typeof reasonSchema>
