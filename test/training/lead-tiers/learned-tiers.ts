import { LEAD_TIERS, type Lead } from '../../../models/lead-tiers/lead.ts'
import { type CompiledTiers, compileTiers } from '../../../models/tiers.ts'
import { type ClassMeasures, measuresOf, tabulate } from '../../../training/class-table.ts'
import { generateLeads, type LabelledLead } from '../../../training/lead-tiers/generate-leads.ts'
import { trainLeadTiers } from '../../../training/lead-tiers/train-lead-tiers.ts'

export const leads = generateLeads(10_000)
/** Those that the tiers aren't learned from. */
export const unseen = leads.slice(8_000)
export const model = trainLeadTiers(leads.slice(0, 8_000))
export const tiers: CompiledTiers = compileTiers(model)

/** @param tierOf what is said of a lead, by its position too */
export function measure(labelled: readonly LabelledLead[], tierOf: (lead: Lead, i: number) => string): ClassMeasures {
  const names: readonly string[] = LEAD_TIERS
  const predicted = labelled.map(({ lead }, i) => names.indexOf(tierOf(lead, i)))
  const actual = labelled.map(({ tier }) => tier)
  return measuresOf(tabulate(names, predicted, actual))
}
