import type { AvroSchema, FromAvro } from '../avro.ts'

export const basketDeltaSchema = {
  type: 'record',
  name: 'BasketDelta',
  namespace: 'everscore.internal',
  doc: 'Orders that one batch of a customer task adds or takes back. Topic: basket-deltas; key <tenantId>/basket-<level>.',
  fields: [
    { name: 'tenantId', type: 'string' },
    { name: 'level', type: { type: 'enum', name: 'BasketLevel', symbols: ['item', 'category'] } },
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
          name: 'BasketWindow',
          fields: [
            { name: 'start', type: 'long', doc: 'Epoch ms; 0 for since-ever.' },
            { name: 'end', type: ['null', 'long'], doc: 'null: since-ever.' },
          ],
        },
      },
    },
    { name: 'names', type: { type: 'array', items: 'string' }, doc: 'Items or categories.' },
    {
      name: 'baskets',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Basket',
          fields: [
            { name: 'orders', type: 'int', doc: '1: add it; -1: take it back.' },
            { name: 'windows', type: { type: 'array', items: 'int' }, doc: 'Positions in windows.' },
            { name: 'names', type: { type: 'array', items: 'int' }, doc: 'Positions in names, each once.' },
          ],
        },
      },
    },
  ],
} as const satisfies AvroSchema

export type BasketDelta = FromAvro<typeof basketDeltaSchema>
