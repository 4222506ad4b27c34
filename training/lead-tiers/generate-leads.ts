import { type Lead, type LeadFeature, withinRange } from '../../models/lead-tiers/lead.ts'
import { normal, poisson, type Random, seededRandom } from '../random.ts'

export interface LabelledLead {
  readonly lead: Lead
  /** Position in LEAD_TIERS. */
  readonly tier: number
  /** What the tier would be without chance: no model can know more. */
  readonly likeliest: number
}

/** Shares of Low and of Low and Medium together. */
const CUTS = [0.4, 0.9] as const
/** Standard deviation of what no feature tells. */
const CHANCE = 0.02

/**
 * Leads whose features hang together as in the README of the lead-scoring system that this follows: engagement is Poisson in
 * base = (income / 500,000 + credit / 850) / 2 with means 30, 20 and 15 × base, and financing is approved with probability
 * 0.3 + 0.3 × credit / 850. What that README leaves open is chosen here: the marginals of age, income (lognormal, median 70,000) and
 * credit (normal around 630, rising with income), an interest of each lead's own that moves the time on site, inquiries, budget
 * and location, and the rule of tiers. Tiers are 40 % Low, 50 % Medium, 10 % High.
 */
export function generateLeads(length: number, seed = 42): LabelledLead[] {
  const random = seededRandom(seed)
  const leads = Array.from({ length }, () => generateLead(random))
  const merits = leads.map(meritOf)
  const chances = merits.map((merit) => merit + CHANCE * normal(random))
  const cuts = CUTS.map((share) => [...chances].sort((a, b) => a - b)[Math.floor(share * length)]!)
  const tierOf = (merit: number) => cuts.filter((cut) => merit >= cut).length
  return leads.map((lead, i) => ({ lead, tier: tierOf(chances[i]!), likeliest: tierOf(merits[i]!) }))
}

function generateLead(random: Random): Lead {
  const wealth = normal(random)
  const income = withinRange('income', 70_000 * Math.exp(0.6 * wealth))
  const credit_score = withinRange('credit_score', 630 + 35 * wealth + 80 * normal(random))
  const base = (income / 500_000 + credit_score / 850) / 2
  const interest = random()
  const happens = (probability: number): number => (random() < probability ? 1 : 0)
  return {
    age: withinRange('age', 42 + 3 * wealth + 11 * normal(random)),
    income,
    credit_score,
    website_visits: withinRange('website_visits', poisson(random, 30 * base)),
    email_opens: withinRange('email_opens', poisson(random, 20 * base)),
    property_views: withinRange('property_views', poisson(random, 15 * base)),
    contact_attempts: withinRange('contact_attempts', poisson(random, 1 + 3 * interest)),
    time_on_site_minutes: withinRange('time_on_site_minutes', 90 * (base + interest) - 30 + 10 * normal(random)),
    inquiry_submitted: happens(0.1 + 0.6 * interest),
    financing_pre_approved: happens(0.3 + (0.3 * credit_score) / 850),
    budget_disclosed: happens(0.15 + 0.5 * interest),
    location_preference_set: happens(0.25 + 0.5 * interest),
  }
}

/** Wealthy, engaged and ready, in this order of weight; each counts less the more of it there is. */
export function meritOf(lead: Lead): number {
  const share = (feature: LeadFeature, most: number): number => Math.min(1, lead[feature] / most)
  const wealthy = (Math.log(lead.income / 30_000) / Math.log(500 / 30) + (lead.credit_score - 300) / 550) / 2
  const engaged =
    (share('website_visits', 30) +
      share('email_opens', 20) +
      share('property_views', 15) +
      share('time_on_site_minutes', 90)) /
    4
  const ready =
    (2 * lead.inquiry_submitted + lead.financing_pre_approved + lead.budget_disclosed + lead.location_preference_set) /
    5
  return 0.6 * wealthy + 0.25 * Math.sqrt(engaged) + 0.15 * ready
}
