import { type Static, Type } from 'typebox'
import { type Customer, customerSchema } from '../schemas/avro/customer.ts'
import { jsonProperties } from '../schemas/json-schema.ts'
import { rfmExample } from './examples.ts'

const DAY_MS = 86_400_000

const { tenantId, customerId, asOf } = jsonProperties(customerSchema)
const rfmProperties = jsonProperties(customerSchema.fields.find((field) => field.name === 'rfm')!.type)

/** The fields of the record's `rfm`, and whose and when; recency also as of the request. */
export const rfmAnswerSchema = Type.Object(
  {
    tenantId,
    customerId,
    asOf,
    ...rfmProperties,
    now: Type.Object({ asOf, recencyDays: rfmProperties.recencyDays }),
  },
  { examples: [rfmExample] },
)

export function rfmAnswer(stored: Customer, now: number): Static<typeof rfmAnswerSchema> {
  const { rfm } = stored
  const nowAsOf = Math.max(now, stored.asOf)
  // Recency is what time alone changes, and it changes by exactly the time that passed.
  const recencyDays = rfm.recencyDays === null ? null : rfm.recencyDays + (nowAsOf - stored.asOf) / DAY_MS
  return {
    tenantId: stored.tenantId,
    customerId: stored.customerId,
    asOf: stored.asOf,
    ...rfm,
    now: { asOf: nowAsOf, recencyDays },
  }
}
