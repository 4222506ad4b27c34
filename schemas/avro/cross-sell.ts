import type { AvroSchema, FromAvro } from '../avro.ts'

export const crossSellSchema = {
  type: 'record',
  name: 'CrossSell',
  namespace: 'everscore.results',
  doc: 'How often two items or categories are bought in one order. Topic: cross-sell (compacted; null: no longer kept).',
  fields: [
    { name: 'tenantId', type: 'string' },
    { name: 'windowStart', type: 'long', doc: 'Epoch ms, inclusive; 0 for since-ever.' },
    { name: 'windowEnd', type: ['null', 'long'], doc: 'Epoch ms, exclusive; null: since-ever.' },
    { name: 'windowHopMs', type: ['null', 'long'], doc: 'From one window of this size to the next; null: since-ever.' },
    { name: 'level', type: 'string', doc: 'item or category.' },
    { name: 'a', type: 'string', doc: 'The one that sorts first by UTF-16 code units.' },
    { name: 'b', type: 'string' },
    { name: 'orders', type: 'long', doc: 'Orders with both.' },
    { name: 'ordersA', type: 'long' },
    { name: 'ordersB', type: 'long' },
    { name: 'totalOrders', type: 'long', doc: 'Orders with at least one item (or category).' },
    {
      name: 'maxError',
      type: 'long',
      doc: 'orders, ordersA and ordersB are at most this much below the true counts, never above. 0: exact.',
    },
    { name: 'support', type: 'double', doc: 'orders / totalOrders.' },
    { name: 'confidenceAB', type: 'double', doc: 'orders / ordersA: how many that have a have b too.' },
    { name: 'confidenceBA', type: 'double', doc: 'orders / ordersB.' },
    { name: 'lift', type: 'double', doc: 'confidenceAB / (ordersB / totalOrders); 1: bought independently.' },
    { name: 'final', type: 'boolean', doc: 'The window is closed. Since-ever is never final.' },
    { name: 'revision', type: 'int', doc: 'Corrections of the final result so far: 0 for the first.' },
    {
      name: 'updatedAt',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: "The worker's clock when it was sent.",
    },
  ],
} as const satisfies AvroSchema

export type CrossSell = FromAvro<typeof crossSellSchema>
