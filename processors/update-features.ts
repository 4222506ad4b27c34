import { advanceCounters } from '../models/counters.ts'
import { reachedBy } from '../models/reached-by.ts'
import { NEVER } from '../schemas/customer-state.ts'
import { applyInteraction } from './apply-interaction.ts'
import { applyOutcome } from './apply-outcome.ts'
import { applyProfile } from './apply-profile.ts'
import { applySurvey } from './apply-survey.ts'
import { applyTransaction } from './apply-transaction.ts'
import type { EventContext } from './event-context.ts'
import { reportingOf } from './money.ts'
import { deadLetter, FORWARD, type Refusal } from './outcome.ts'
import type { Processor } from './processor.ts'

const STAGE = 'update-features'

/**
 * Adds the event to the customer's state. What depends on time uses the event's: a late event adds what it would have
 * added in order to counters, counts, sums, first and last; it adds no purchase gap and opens no session in the past.
 * An event that would pass a limit is a dead letter.
 */
export function createUpdateFeatures(): Processor {
  return (context) => {
    const { draft, tenant } = context
    const { occurredAt } = context.input.event
    if (draft.firstSeenAt === NEVER || occurredAt < draft.firstSeenAt) draft.firstSeenAt = occurredAt
    advanceCounters(draft, occurredAt)
    context.asOf = reachedBy(draft)
    const refusal = apply(context)
    if (refusal !== null) return deadLetter(STAGE, refusal.reason, refusal.error)
    draft.reporting = reportingOf(draft.money, tenant.currency)
    return FORWARD
  }
}

function apply({ draft, input, tenant }: EventContext): Refusal | null {
  switch (input.topic) {
    case 'interactions':
      applyInteraction(draft, input.event, tenant)
      return null
    case 'transactions':
      return applyTransaction(draft, input.event, tenant)
    case 'surveys':
      applySurvey(draft, input.event)
      return null
    case 'profiles':
      return applyProfile(draft, input.event, tenant)
    case 'outcomes':
      applyOutcome(draft, input.event)
      return null
  }
}
