import { type CustomerState, RECENT_EVENTS } from '../schemas/customer-state.ts'
import { hashEventId, hashHigh, hashLow } from './event-hash.ts'
import { DROP_DUPLICATE, FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

/**
 * Drops an event whose id is among the customer's last RECENT_EVENTS, whatever topic they came from, and enters the id of
 * any other. An event that ends as a dead letter leaves no trace: its draft, and the id in it, is thrown away.
 */
export function createDeduplicateEvent(): Processor {
  return (context) => {
    hashEventId(context.input.event.eventId)
    context.eventHash = hashLow >>> 0
    if (!remember(context.draft, hashHigh, hashLow)) return DROP_DUPLICATE
    context.draftChanged = true
    return FORWARD
  }
}

/** False when the hash is in the ring already. */
function remember(state: CustomerState, high: number, low: number): boolean {
  const { recent, recentNext } = state
  for (let i = 0; i < recent.length; i += 2) {
    if (recent[i] === high && recent[i + 1] === low) return false
  }
  if (recent.length < 2 * RECENT_EVENTS) {
    recent.push(high, low)
  } else {
    recent[recentNext] = high
    recent[recentNext + 1] = low
  }
  state.recentNext = (recentNext + 2) % (2 * RECENT_EVENTS)
  return true
}
