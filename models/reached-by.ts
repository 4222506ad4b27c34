import type { CustomerState } from '../schemas/customer-state.ts'

/**
 * The time that a customer has reached: that of his newest event, or of a later timer by which his grade or band moved
 * (then it is held since that time). A late event doesn't turn it back: what was told would be told again.
 */
export function reachedBy({ newestAt, leadHeldSince, churnHeldSince }: CustomerState): number {
  return Math.max(newestAt, leadHeldSince, churnHeldSince)
}
