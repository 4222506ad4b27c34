import type { Survey } from '../schemas/avro/survey.ts'
import { ANSWERS, type CustomerState } from '../schemas/customer-state.ts'

/** Keeps the newest answer of each kind; of two at one instant the one that came later. */
export function applySurvey(state: CustomerState, { kind, score, occurredAt }: Survey): void {
  const at = 2 * ANSWERS.indexOf(kind)
  if (occurredAt < state.answers[at + 1]!) return
  state.answers[at] = score
  state.answers[at + 1] = occurredAt
}
