import type { AvroSchema, FromAvro } from '../avro.ts'
import { reasonSchema } from './reason.ts'

/** One record an event: what is known of a customer after it. Compacted, and the changelog of the customer task. */
export const customerSchema = {
  type: 'record',
  name: 'Customer',
  namespace: 'everscore.results',
  doc: 'Features and scores of a customer after one event. Topic: customers (compacted; key <tenantId>/<customerId>; a null value: erased).',
  fields: [
    { name: 'tenantId', type: 'string' },
    { name: 'customerId', type: 'string' },
    {
      name: 'eventId',
      type: 'string',
      doc: 'The event that caused this record; timer:… and the like for other causes.',
    },
    { name: 'cause', type: 'string', doc: 'event, timer, model, population or erasure.' },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: "The event's own time." },
    {
      name: 'asOf',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: "The time the scores are for: the customer's newest event time, or the due time of a timer, if that is later.",
    },
    {
      name: 'scoredAt',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: "The worker's clock when it scored.",
    },
    { name: 'settingsVersion', type: 'int', doc: '0: the built-in defaults.' },
    { name: 'thresholdsVersion', type: 'int', doc: '0: the population is not known yet.' },
    {
      name: 'rfm',
      type: {
        type: 'record',
        name: 'Rfm',
        fields: [
          {
            name: 'recencyDays',
            type: ['null', 'double'],
            doc: 'Days from the last purchase to asOf; null: never bought.',
          },
          { name: 'frequency', type: 'long', doc: 'Number of purchases.' },
          {
            name: 'monetaryMinor',
            type: 'long',
            doc: 'Purchases less refunds, minor units of the reporting currency.',
          },
          { name: 'currency', type: ['null', 'string'], doc: 'ISO 4217; null: no money moved yet.' },
          {
            name: 'r',
            type: ['null', 'int'],
            default: null,
            doc: '1-5 (or as many bins as set); null until the population is known, and of those who never bought.',
          },
          { name: 'f', type: ['null', 'int'], default: null },
          { name: 'm', type: ['null', 'int'], default: null },
          {
            name: 'segment',
            type: ['null', 'string'],
            default: null,
            doc: 'Champion, Loyal, Potential, Promising or At-Risk.',
          },
        ],
      },
    },
    {
      name: 'lead',
      type: {
        type: 'record',
        name: 'LeadScore',
        fields: [
          { name: 'probability', type: 'double' },
          { name: 'score', type: 'int', doc: '0-100.' },
          { name: 'grade', type: 'string', doc: 'A, B, C, D or F, held by hysteresis.' },
          { name: 'modelVersion', type: 'string' },
          { name: 'reasons', type: { type: 'array', items: reasonSchema } },
        ],
      },
    },
    {
      name: 'churn',
      type: {
        type: 'record',
        name: 'ChurnScore',
        fields: [
          { name: 'risk', type: 'double' },
          { name: 'band', type: 'string', doc: 'High, Medium or Low, held by hysteresis.' },
          { name: 'modelVersion', type: 'string' },
          { name: 'reasons', type: { type: 'array', items: reasonSchema } },
        ],
      },
    },
    {
      name: 'loyalty',
      type: [
        'null',
        {
          type: 'record',
          name: 'Loyalty',
          fields: [
            { name: 'score', type: 'double', doc: '0-1: weighted share of the customers who rank below.' },
            { name: 'tier', type: 'string', doc: 'Platinum, Gold, Silver, Bronze or At-Risk, held by hysteresis.' },
          ],
        },
      ],
      default: null,
      doc: 'null until the population is known, and of those who never bought.',
    },
    {
      name: 'state',
      type: 'bytes',
      doc: "The task's own state, in everscore's versioned codec: opaque to readers. Empty where a newer record of the same transaction has it.",
    },
  ],
} as const satisfies AvroSchema

export type Customer = FromAvro<typeof customerSchema>
