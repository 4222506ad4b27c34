import type { CustomerState } from '../schemas/customer-state.ts'

/** When to look at a customer if nothing arrives: his timer, or the end of a snapshot's horizon; 0: never. */
export function nextLookAt({ nextTimerAt, openSnapshots }: CustomerState): number {
  const end = openSnapshots[0]
  return end === undefined || (nextTimerAt !== 0 && nextTimerAt < end) ? nextTimerAt : end
}
