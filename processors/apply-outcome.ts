import type { Outcome } from '../schemas/avro/outcome.ts'
import { type CustomerState, OUTCOME_KINDS } from '../schemas/customer-state.ts'

/** Keeps the newest outcome. It is a label, so no feature reads it. */
export function applyOutcome(state: CustomerState, { kind, occurredAt }: Outcome): void {
  if (occurredAt < state.outcomeAt) return
  state.outcome = OUTCOME_KINDS.indexOf(kind)
  state.outcomeAt = occurredAt
}
