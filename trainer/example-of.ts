import { FEATURES } from '../models/features.ts'
import type { TrainingExample as ExampleRecord } from '../schemas/avro/training-example.ts'
import { customerKey } from '../schemas/partition.ts'
import type { TrainingExample } from '../training/example.ts'

/** The example that a record holds. A feature that the release which wrote it didn't have is missing. */
export function exampleOf(record: ExampleRecord): TrainingExample {
  const { tenantId, customerId, at, knownAt, label, features, traits } = record
  return {
    customer: customerKey(tenantId, customerId),
    at,
    knownAt,
    label: label === 1 ? 1 : 0,
    features: Float64Array.from(FEATURES, ({ name }) => features[name] ?? Number.NaN),
    traits: Object.entries(traits).map(([name, value]) => ({ name, value, at })),
  }
}
