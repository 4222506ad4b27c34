import type { TrainingExample } from '../schemas/avro/training-example.ts'
import { type CustomerState, OUTCOME_KINDS } from '../schemas/customer-state.ts'

/** What tells, when a horizon ends, what became of a customer; of his state before any event that is past the end. */
export type AtHorizon = Pick<CustomerState, 'lastPurchaseAt' | 'outcome' | 'outcomeAt'>

/**
 * The example that a snapshot is when its horizon has ended: churned if nothing was bought since, unless his newest outcome
 * since says otherwise. Both classes become known at the end, also who bought the day after: if returns were told at once,
 * the newest examples would all be returns, and a model would take being new for a reason to return.
 */
export function labelSnapshot(
  snapshot: TrainingExample,
  { lastPurchaseAt, outcome, outcomeAt }: AtHorizon,
): TrainingExample {
  const said = outcomeAt > snapshot.at ? OUTCOME_KINDS[outcome] : undefined
  if (said === 'CHURNED') return { ...snapshot, label: 1 }
  if (said === 'RETAINED') return { ...snapshot, label: 0 }
  return { ...snapshot, label: lastPurchaseAt > snapshot.at ? 0 : 1 }
}
