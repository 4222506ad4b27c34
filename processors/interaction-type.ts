import { INTERACTION_TYPES } from '../schemas/customer-state.ts'

const OTHER = INTERACTION_TYPES.indexOf('other')

/** Other names that producers are known to use. */
const ALIASES: Readonly<Record<string, string>> = { support: 'support_ticket' }

/** Spellings that are remembered; a producer that invents names must not fill the memory. */
const MAX_SPELLINGS = 1024

const positions = new Map<string, number>(INTERACTION_TYPES.map((type, i) => [type, i]))

/**
 * Position in COUNTED of an interaction's type: upper and lower case are the same, an unknown type is `other`.
 * The map only remembers answers of a pure function, so that a spelling is lower-cased once.
 */
export function interactionTypeOf(name: string): number {
  return positions.get(name) ?? normalise(name)
}

function normalise(name: string): number {
  const lower = name.toLowerCase()
  const position = positions.get(ALIASES[lower] ?? lower) ?? OTHER
  if (positions.size < MAX_SPELLINGS) positions.set(name, position)
  return position
}
