/** What is known of an investor lead: whole numbers, each within its range. */
export const LEAD_RANGES = {
  age: [22, 70],
  income: [30_000, 500_000],
  credit_score: [300, 850],
  website_visits: [0, 50],
  email_opens: [0, 30],
  property_views: [0, 25],
  contact_attempts: [0, 10],
  time_on_site_minutes: [1, 120],
  inquiry_submitted: [0, 1],
  financing_pre_approved: [0, 1],
  budget_disclosed: [0, 1],
  location_preference_set: [0, 1],
} as const satisfies Record<string, readonly [least: number, most: number]>

export type LeadFeature = keyof typeof LEAD_RANGES
export const LEAD_FEATURES = Object.keys(LEAD_RANGES) as readonly LeadFeature[] // the type of a constant's own keys
/** Whole numbers. */
export type Lead = Readonly<Record<LeadFeature, number>>
/** The nearest whole number of the feature's range. */
export function withinRange(feature: LeadFeature, value: number): number {
  const [least, most] = LEAD_RANGES[feature]
  return Math.min(most, Math.max(least, Math.round(value)))
}
/** A lead of whom not all is known. */
export type KnownLead = Partial<Lead>

/** Lowest first. */
export const LEAD_TIERS = ['Low', 'Medium', 'High'] as const
