import { LEAD_TIERS } from '../../models/lead-tiers/lead.ts'
import { NO_EVENTS, traitsOfLead } from '../../models/lead-tiers/score-lead.ts'
import type { TieredModel } from '../../schemas/tiered-model.ts'
import { type TierExample, trainTiers } from '../train-tiers.ts'
import { generateLeads, type LabelledLead } from './generate-leads.ts'

export function exampleOfLead({ lead, tier }: LabelledLead, i: number): TierExample {
  return { customer: `leads/${i}`, at: i, knownAt: i, tier, features: NO_EVENTS, traits: traitsOfLead(lead) }
}

/** The tiers of investor leads. */
export function trainLeadTiers(leads: readonly LabelledLead[] = generateLeads(10_000)): TieredModel {
  return trainTiers(leads.map(exampleOfLead), LEAD_TIERS, { name: 'lead-tiers', version: 'lead-tiers-1' })
}
