import { type Static, Type } from 'typebox'
import { type Customer, customerSchema } from '../schemas/avro/customer.ts'
import { jsonProperties } from '../schemas/json-schema.ts'
import { rfmExample } from './examples.ts'

const DAY_MS = 86_400_000

const { tenantId, customerId, asOf, thresholdsVersion, loyalty } = jsonProperties(customerSchema)
const rfmProperties = jsonProperties(customerSchema.fields.find((field) => field.name === 'rfm')!.type)

/** The fields of the record's `rfm`, loyalty, whose and when and by which thresholds; recency also as of the request. */
export const rfmAnswerSchema = Type.Object(
  {
    tenantId,
    customerId,
    asOf,
    thresholdsVersion,
    ...rfmProperties,
    loyalty,
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
    thresholdsVersion: stored.thresholdsVersion,
    ...rfm,
    loyalty: stored.loyalty,
    now: { asOf: nowAsOf, recencyDays },
  }
}
