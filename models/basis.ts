import type { TraitValue } from '../schemas/customer-state.ts'
import type { Basis } from '../schemas/model.ts'

/** What a basis takes: null is missing. */
export type InputValue = TraitValue | null

/** How many terms a basis makes of one value. */
export function termCount(basis: Basis): number {
  return ownTerms(basis) + (basis.missing ? 1 : 0)
}

/**
 * The terms of one value, in the order of a model's means and coefficients.
 *
 * - linear: the value.
 * - ramps: for each pair of neighbouring knots (a, b) the value's way from a to b, clamp((value − a) / (b − a), 0, 1): a
 *   piecewise linear function that stands still beyond the outer knots (piecewise linear encoding, Gorishniy et al. 2022).
 * - levels: 1 for the value's own level; 1 in the next term for any value that isn't a level.
 * - where the basis has a term for missing values, it is 1 and all others are 0. Where it hasn't, null: a value that was
 *   never missing in training says nothing when it is, so that nothing is contributed.
 */
export function termsOf(basis: Basis, value: InputValue): number[] | null {
  const own = ownTerms(basis)
  const terms = new Array<number>(termCount(basis)).fill(0)
  if (isMissing(basis, value)) {
    if (!basis.missing) return null
    terms[own] = 1
    return terms
  }
  if (basis.kind === 'levels') {
    const level = basis.levels.indexOf(value as TraitValue) // not null: isMissing
    terms[level < 0 ? own - 1 : level] = 1
  } else if (basis.kind === 'linear') {
    terms[0] = value as number // isMissing lets only numbers pass
  } else {
    const { knots } = basis
    for (let i = 0; i < own; i++) terms[i] = clamp01(((value as number) - knots[i]!) / (knots[i + 1]! - knots[i]!))
  }
  return terms
}

/** Whether a basis takes a value for missing: a basis of numbers knows nothing of text. */
export function isMissing(basis: Basis, value: InputValue): boolean {
  return value === null || (basis.kind !== 'levels' && (typeof value !== 'number' || Number.isNaN(value)))
}

/** The terms without the one for missing values. */
export function ownTerms(basis: Basis): number {
  switch (basis.kind) {
    case 'linear':
      return 1
    case 'ramps':
      return basis.knots.length - 1
    case 'levels':
      return basis.levels.length + 1
  }
}

function clamp01(share: number): number {
  return share < 0 ? 0 : Math.min(share, 1)
}
