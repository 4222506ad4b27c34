import type { Trait } from '../../schemas/customer-state.ts'
import { FEATURE_COUNT } from '../features.ts'
import { type CompiledTiers, scoreTiers, type TierScore } from '../tiers.ts'
import type { KnownLead } from './lead.ts'

/** The built-in features of whoever is scored by his lead alone: the model of leads has seen no others. */
export const NO_EVENTS = new Float64Array(FEATURE_COUNT)

/** A lead as traits; what isn't known of it is no trait. */
export function traitsOfLead(lead: KnownLead): Trait[] {
  return Object.entries(lead).map(([name, value]) => ({ name, value, at: 0 }))
}

/** The tier of a lead. A feature that isn't known contributes nothing: it speaks for no tier. */
export function scoreLead(tiers: CompiledTiers, lead: KnownLead): TierScore {
  return scoreTiers(tiers, NO_EVENTS, traitsOfLead(lead))
}
