import type { EventContext } from '../processors/event-context.ts'
import { FORWARD, type Outcome } from '../processors/outcome.ts'

export interface Scoring {
  process(context: EventContext): Outcome
}

export function createScoring(): Scoring {
  return { process: () => FORWARD }
}
