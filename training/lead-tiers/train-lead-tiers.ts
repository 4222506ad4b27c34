import { FEATURE_COUNT } from '../../models/features.ts'
import type { Trait } from '../../schemas/customer-state.ts'
import type { TieredModel } from '../../schemas/tiered-model.ts'
import { type TierExample, trainTiers } from '../train-tiers.ts'
import { generateLeads, type LabelledLead } from './generate-leads.ts'
import { LEAD_TIERS, type Lead } from './lead.ts'

/** A lead as the traits of its profile. */
export function traitsOfLead(lead: Lead): Trait[] {
  return Object.entries(lead).map(([name, value]) => ({ name, value, at: 0 }))
}

const NO_EVENTS = new Float64Array(FEATURE_COUNT)

export function exampleOfLead({ lead, tier }: LabelledLead, i: number): TierExample {
  return { customer: `leads/${i}`, at: i, knownAt: i, tier, features: NO_EVENTS, traits: traitsOfLead(lead) }
}

/** The tiers of investor leads. */
export function trainLeadTiers(leads: readonly LabelledLead[] = generateLeads(10_000)): TieredModel {
  return trainTiers(leads.map(exampleOfLead), LEAD_TIERS, { name: 'lead-tiers', version: 'lead-tiers-1' })
}
