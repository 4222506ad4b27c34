import { computeFeatures } from '../models/compute-features.ts'
import { FEATURE_COUNT } from '../models/features.ts'
import type { Outcome } from '../schemas/avro/outcome.ts'
import { NEVER } from '../schemas/customer-state.ts'
import type { ModelKind } from '../schemas/model.ts'
import { exampleOf } from './example-of.ts'
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
    const { eventId, occurredAt, kind } = context.input.event
    const { newestAt } = context.draft
    if (newestAt === NEVER || occurredAt < newestAt) {
      context.outcomeWithoutExample = true
      return FORWARD
    }
    computeFeatures(context.draft, newestAt, features)
    context.examples.push(exampleOf(context, features, { ...LABELS[kind], eventId, at: newestAt, knownAt: occurredAt }))
    return FORWARD
  }
}
