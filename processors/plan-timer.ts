import { NextChange } from '../models/next-change.ts'
import type { EventContext } from './event-context.ts'
import { DROP_UNCHANGED, FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

/**
 * Plans when the customer is looked at again if nothing arrives. A timer that changed nothing ends here: it had been
 * planned for the earliest moment that a change was possible, and has now been planned anew.
 */
export function createPlanTimer(): Processor {
  const next = new NextChange()
  return (context: EventContext) => {
    const { draft, changes } = context
    const isTimer = context.cause === 'timer'
    draft.nextTimerAt = next.after(draft, context, context, isTimer)
    return isTimer && changes.length === 0 ? DROP_UNCHANGED : FORWARD
  }
}
