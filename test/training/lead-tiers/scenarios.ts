import type { Lead } from '../../../models/lead-tiers/lead.ts'

const lead = (
  ...[age, income, credit, visits, opens, views, attempts, minutes, ready]: [...number[], string]
): Lead => {
  const [inquiry, financing, budget, location] = [...(ready as string)].map(Number)
  const numbers = [age, income, credit, visits, opens, views, attempts, minutes] as number[]
  return {
    age: numbers[0]!,
    income: numbers[1]!,
    credit_score: numbers[2]!,
    website_visits: numbers[3]!,
    email_opens: numbers[4]!,
    property_views: numbers[5]!,
    contact_attempts: numbers[6]!,
    time_on_site_minutes: numbers[7]!,
    inquiry_submitted: inquiry!,
    financing_pre_approved: financing!,
    budget_disclosed: budget!,
    location_preference_set: location!,
  }
}

/** [scenario, tier, lead]: income and adjectives are given, the other features are chosen to fit them. */
export const SCENARIOS: readonly (readonly [string, string, Lead])[] = [
  ['ultra high-value, engaged', 'High', lead(50, 350_000, 820, 40, 25, 20, 5, 100, '1111')],
  ['standard high-value, engaged', 'High', lead(45, 220_000, 760, 28, 18, 14, 4, 80, '1111')],
  ['good medium, inquiry', 'Medium', lead(40, 110_000, 700, 16, 10, 8, 3, 45, '1010')],
  ['browsing medium, low engagement', 'Medium', lead(38, 95_000, 690, 9, 5, 4, 1, 20, '0101')],
  ['young low-value, inactive', 'Low', lead(24, 42_000, 580, 2, 1, 0, 0, 3, '0000')],
  ['poor credit low, no inquiry', 'Low', lead(35, 65_000, 520, 8, 4, 3, 1, 12, '0000')],
  ['rich but inactive, no engagement', 'Medium', lead(55, 300_000, 780, 0, 0, 0, 0, 1, '0000')],
  ['engaged but poor credit', 'Medium', lead(33, 55_000, 540, 30, 20, 16, 5, 85, '1011')],
  ['borderline everything', 'Medium', lead(40, 85_000, 660, 15, 10, 8, 2, 45, '0101')],
]
