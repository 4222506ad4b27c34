import type { CustomerState, Trait } from '../../schemas/customer-state.ts'
import { type Counted, countOf, positionOf } from '../counters.ts'
import { type KnownLead, LEAD_FEATURES, LEAD_RANGES, type LeadFeature, withinRange } from './lead.ts'

/**
 * The lead that a customer is by now: what he did is counted from his events, what he is comes from the traits of his
 * profile. A feature of which neither says anything is left out.
 *
 * Where both say something the larger counts. A trait is what another system counted, often before its events came here;
 * both count acts of one person and either may have missed some, neither invents any, so that the larger is the nearer. Their sum
 * would count twice what both saw.
 */
export function leadOfCustomer(state: CustomerState): KnownLead {
  const lead: Partial<Record<LeadFeature, number>> = {}
  for (const feature of LEAD_FEATURES) {
    const known = [SEEN[feature]?.(state), toldOf(state.traits, feature)].filter((each) => each !== undefined)
    if (known.length > 0) lead[feature] = withinRange(feature, Math.max(...known))
  }
  return lead
}

type Seen = (state: CustomerState) => number | undefined

const counted = (name: Counted): ((state: CustomerState) => number) => {
  const position = positionOf(name)
  return (state) => countOf(state, position)
}
const pageViews = counted('page_view')
const propertyViews = counted('product_view')
const nothing: Seen = () => 0

/** What events say. Nobody knows age, income and credit by them. */
const SEEN: Readonly<Partial<Record<LeadFeature, Seen>>> = {
  // Many pages may be one visit, and mails and calls open sessions, too: there were at most so many visits.
  website_visits: (state) => Math.min(pageViews(state), state.sessions),
  email_opens: counted('email_open'),
  property_views: propertyViews,
  contact_attempts: counted('contact_attempt'),
  // Durations of events aren't kept: without a trait only who saw no page is known to have spent no time.
  time_on_site_minutes: (state) => (pageViews(state) + propertyViews(state) === 0 ? 0 : undefined),
  inquiry_submitted: counted('inquiry'),
  // Steps that a lead takes towards the seller: whose is not known hasn't taken them.
  financing_pre_approved: nothing,
  budget_disclosed: nothing,
  location_preference_set: nothing,
}

/** A trait of the feature's name: a number, or yes or no for what is 0 or 1. Anything else says nothing. */
function toldOf(traits: readonly Trait[], feature: LeadFeature): number | undefined {
  const value = traits.find(({ name }) => name === feature)?.value
  if (typeof value === 'boolean' && LEAD_RANGES[feature][1] === 1) return Number(value)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
