import type { Profile } from '../schemas/avro/profile.ts'
import type { CustomerState, Trait } from '../schemas/customer-state.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import type { Refusal } from './outcome.ts'

/**
 * Merges traits by event time, each on its own: the newest event that names a trait decides it, so late profiles change
 * nothing that is newer. A removed trait stays as a null with its time for the same reason; it counts towards the limit
 * until its place is needed, then the oldest removal is forgotten.
 */
export function applyProfile(state: CustomerState, event: Profile, { limits }: TenantSettings): Refusal | null {
  const at = event.occurredAt
  const merged = new Map(state.traits.map((trait) => [trait.name, trait]))
  for (const [name, value] of Object.entries(event.traits)) {
    const known = merged.get(name)
    if (known === undefined || at >= known.at) merged.set(name, { name, value, at })
  }
  const traits = forgetRemovals([...merged.values()], limits.traits)
  if (traits.length > limits.traits) {
    return { reason: 'TRAITS_EXCEEDED', error: `traits: ${traits.length} would be more than ${limits.traits}` }
  }
  state.traits = traits.sort(byName)
  return null
}

function forgetRemovals(traits: Trait[], limit: number): Trait[] {
  if (traits.length <= limit) return traits
  const removals = traits.filter(({ value }) => value === null).sort((a, b) => a.at - b.at || byName(a, b))
  const forgotten = new Set(removals.slice(0, traits.length - limit))
  return traits.filter((trait) => !forgotten.has(trait))
}

/** By code unit: the same order everywhere, whatever the locale. */
function byName(a: Trait, b: Trait): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
