import { featuresByName } from '../models/features.ts'
import { scoreModel } from '../models/score.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import type { ModelKind } from '../schemas/model.ts'
import type { EventContext } from './event-context.ts'

/** What the customer's own state doesn't say. */
export type ExampleLabel = Pick<TrainingExample, 'eventId' | 'at' | 'knownAt' | 'label'> & { readonly kind: ModelKind }

/** A record of `training-examples`. @param features those of the draft as of `at` */
export function exampleOf(
  { draft, tenantId, customerId, models }: EventContext,
  features: Float64Array,
  { kind, ...label }: ExampleLabel,
): TrainingExample {
  return {
    tenantId,
    customerId,
    kind,
    ...label,
    features: featuresByName(features),
    traits: Object.fromEntries(draft.traits.map(({ name, value }) => [name, value])),
    modelVersion: models[kind].version,
    probability: scoreModel(models[kind], features, draft.traits),
  }
}
