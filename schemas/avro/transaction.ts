import type { AvroSchema, FromAvro } from '../avro.ts'

export const transactionSchema = {
  type: 'record',
  name: 'Transaction',
  namespace: 'everscore.events',
  doc: 'Money that moved. Topic: transactions.',
  fields: [
    { name: 'eventId', type: 'string' },
    { name: 'tenantId', type: 'string' },
    { name: 'customerId', type: 'string' },
    {
      name: 'type',
      type: {
        type: 'enum',
        name: 'TransactionType',
        symbols: [
          'PURCHASE',
          'REFUND',
          'PAYMENT_FAILED',
          'SUBSCRIPTION_STARTED',
          'SUBSCRIPTION_RENEWED',
          'SUBSCRIPTION_CANCELLED',
        ],
      },
    },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'orderId', type: ['null', 'string'], default: null },
    { name: 'currency', type: 'string', doc: 'ISO 4217.' },
    {
      name: 'amountMinor',
      type: 'long',
      doc: 'Minor units of the currency (cents); never negative, REFUND says the direction.',
    },
    {
      name: 'lines',
      default: [],
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'OrderLine',
          fields: [
            { name: 'itemId', type: 'string' },
            { name: 'category', type: ['null', 'string'], default: null },
            { name: 'quantity', type: 'int' },
            { name: 'unitPriceMinor', type: 'long' },
          ],
        },
      },
    },
    { name: 'properties', type: { type: 'map', values: 'string' }, default: {} },
  ],
} as const satisfies AvroSchema

export type Transaction = FromAvro<typeof transactionSchema>
