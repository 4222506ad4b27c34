import { computeFeatures, FEATURE_COUNT, FEATURES } from '../models/features.ts'
import { scoreModel } from '../models/score.ts'
import type { Outcome } from '../schemas/avro/outcome.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import { NEVER } from '../schemas/customer-state.ts'
import type { ModelKind } from '../schemas/model.ts'
import type { EventContext } from './event-context.ts'
import { FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

const LABELS: Readonly<Record<Outcome['kind'], { readonly kind: ModelKind; readonly label: 0 | 1 }>> = {
  CONVERTED: { kind: 'lead', label: 1 },
  LOST: { kind: 'lead', label: 0 },
  CHURNED: { kind: 'churn', label: 1 },
  RETAINED: { kind: 'churn', label: 0 },
}

/**
 * Makes an example of an outcome: the customer as he was just before it, so that nothing of the label is in the features.
 * Of an outcome that is older than the customer's newest event, or of whom nothing was known, that can't be said any more.
 */
export function createTakeExample(): Processor {
  const features = new Float64Array(FEATURE_COUNT)
  return (context) => {
    if (context.input.topic !== 'outcomes') return FORWARD
    const { occurredAt, kind } = context.input.event
    const { newestAt } = context.draft
    if (newestAt === NEVER || occurredAt < newestAt) context.outcomeWithoutExample = true
    else context.examples.push(exampleOf(context, LABELS[kind], features))
    return FORWARD
  }
}

function exampleOf(
  { draft, input, tenantId, customerId, models }: EventContext,
  { kind, label }: (typeof LABELS)[Outcome['kind']],
  features: Float64Array,
): TrainingExample {
  const { eventId, occurredAt } = input.event
  computeFeatures(draft, draft.newestAt, features)
  return {
    tenantId,
    customerId,
    kind,
    eventId,
    at: draft.newestAt,
    knownAt: occurredAt,
    label,
    features: Object.fromEntries(FEATURES.map(({ name }, i) => [name, features[i]!])),
    traits: Object.fromEntries(draft.traits.map(({ name, value }) => [name, value])),
    modelVersion: models[kind].version,
    probability: scoreModel(models[kind], features, draft.traits),
  }
}
