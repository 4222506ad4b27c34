import type { AvroSchema, FromAvro } from '../avro.ts'

export const profileSchema = {
  type: 'record',
  name: 'Profile',
  namespace: 'everscore.events',
  doc: 'Traits of a person or lead, merged over what is known; a null value removes the trait. Topic: profiles.',
  fields: [
    { name: 'eventId', type: 'string' },
    { name: 'tenantId', type: 'string' },
    { name: 'customerId', type: 'string' },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'traits', type: { type: 'map', values: ['null', 'boolean', 'double', 'string'] }, default: {} },
  ],
} as const satisfies AvroSchema

export type Profile = FromAvro<typeof profileSchema>
