import type { AvroSchema, FromAvro } from '../avro.ts'

/** What customers of a population are counted by. */
export const MEASURES = ['recency', 'frequency', 'monetary', 'totals'] as const

export const populationDeltaSchema = {
  type: 'record',
  name: 'PopulationDelta',
  namespace: 'everscore.internal',
  doc: "How the customers of one batch of a customer task moved within their tenant's population. Topic: population-deltas; key <tenantId>/population.",
  fields: [
    { name: 'tenantId', type: 'string' },
    { name: 'source', type: 'int', doc: 'Partition of the customer task.' },
    { name: 'streamTime', type: 'long', doc: "Newest event time of the tenant in that partition, after what's added." },
    {
      name: 'moves',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'PopulationMove',
          fields: [
            {
              name: 'measure',
              type: { type: 'enum', name: 'PopulationMeasure', symbols: MEASURES },
              doc: 'recency: day of the last purchase; frequency: purchases; monetary: purchases less refunds; totals: r + f + m.',
            },
            { name: 'currency', type: 'string', doc: 'Of monetary; empty otherwise.' },
            {
              name: 'bucket',
              type: 'int',
              doc: 'Days since 1970 of recency, a bucket of frequency and monetary, the number itself of totals.',
            },
            { name: 'customers', type: 'int', doc: 'How many more are in it; negative: fewer.' },
          ],
        },
      },
    },
  ],
} as const satisfies AvroSchema

export type PopulationDelta = FromAvro<typeof populationDeltaSchema>
export type PopulationMove = PopulationDelta['moves'][number]
