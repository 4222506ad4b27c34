import { count, positionOf } from '../models/counters.ts'
import type { Interaction } from '../schemas/avro/interaction.ts'
import { type CustomerState, NEVER } from '../schemas/customer-state.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { interactionTypeOf } from './interaction-type.ts'

/** What is done to the customer, and his good-bye, don't end his silence. */
const CONTACT_ATTEMPT = positionOf('contact_attempt')
const UNSUBSCRIBE = positionOf('unsubscribe')

export function applyInteraction(state: CustomerState, event: Interaction, tenant: TenantSettings): void {
  const at = event.occurredAt
  const type = interactionTypeOf(event.type)
  count(state, type, at)
  if (type !== CONTACT_ATTEMPT && type !== UNSUBSCRIBE && at > state.lastActiveAt) state.lastActiveAt = at
  if (at > state.lastInteractionAt) {
    if (state.lastInteractionAt === NEVER || at - state.lastInteractionAt > tenant.sessionGapMs) state.sessions++
    state.lastInteractionAt = at
  }
}
