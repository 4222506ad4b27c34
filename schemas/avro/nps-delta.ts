import type { AvroSchema, FromAvro } from '../avro.ts'

export const npsDeltaSchema = {
  type: 'record',
  name: 'NpsDelta',
  namespace: 'everscore.internal',
  doc: 'What one batch of a customer task adds to the NPS windows of a tenant. Topic: nps-deltas; key <tenantId>/nps.',
  fields: [
    { name: 'tenantId', type: 'string' },
    { name: 'source', type: 'int', doc: 'Partition of the customer task.' },
    {
      name: 'streamTime',
      type: 'long',
      doc: 'Newest event time of the tenant in that partition, with this batch; -1: more of the batch follows.',
    },
    {
      name: 'windows',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'NpsWindowDelta',
          fields: [
            { name: 'start', type: 'long', doc: 'Epoch ms; 0 for since-ever.' },
            { name: 'end', type: ['null', 'long'], doc: 'null: since-ever.' },
            {
              name: 'groups',
              type: {
                type: 'array',
                items: {
                  type: 'record',
                  name: 'NpsGroupDelta',
                  fields: [
                    { name: 'key', type: ['null', 'string'], doc: 'null: all answers.' },
                    { name: 'value', type: ['null', 'string'] },
                    { name: 'promoters', type: 'long', doc: 'Negative when answers were replaced.' },
                    { name: 'passives', type: 'long' },
                    { name: 'detractors', type: 'long' },
                  ],
                },
              },
            },
          ],
        },
      },
    },
  ],
} as const satisfies AvroSchema

export type NpsDelta = FromAvro<typeof npsDeltaSchema>
