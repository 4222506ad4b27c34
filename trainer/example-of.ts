import { featureVector } from '../models/features.ts'
import type { TrainingExample as ExampleRecord } from '../schemas/avro/training-example.ts'
import { customerKey } from '../schemas/partition.ts'
import type { TrainingExample } from '../training/example.ts'

/** The example that a record holds. */
export function exampleOf(record: ExampleRecord): TrainingExample {
  const { tenantId, customerId, at, knownAt, label, features, traits } = record
  return {
    customer: customerKey(tenantId, customerId),
    at,
    knownAt,
    label: label === 1 ? 1 : 0,
    features: featureVector(features),
    traits: Object.entries(traits).map(([name, value]) => ({ name, value, at })),
  }
}
