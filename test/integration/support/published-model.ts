import type { TraitValue } from '../../../schemas/customer-state.ts'
import type { Basis, LinearModel } from '../../../schemas/model.ts'

/** By name: of a built-in feature its number, of a trait as `traits.<name>`; what isn't there is missing. */
export type Values = ReadonlyMap<string, TraitValue>

/** Slope × Σ over its terms of coefficient × (term − mean) / scale, by source feature, from a published record. */
export function contributionsBy({ inputs, calibration }: LinearModel, values: Values): Map<string, number> {
  return new Map(
    inputs.map(({ feature, basis, means, scales, coefficients }) => {
      const terms = termsBy(basis, values.get(feature) ?? null) ?? [...means]
      const parts = terms.map((term, i) => (coefficients[i]! * (term - means[i]!)) / scales[i]!)
      return [feature, calibration!.slope * parts.reduce((sum, part) => sum + part, 0)]
    }),
  )
}

export function baselineBy({ intercept, calibration }: LinearModel): number {
  return calibration!.slope * intercept + calibration!.offset
}

export function probabilityBy(model: LinearModel, values: Values): number {
  const logOdds = [...contributionsBy(model, values).values()].reduce((sum, part) => sum + part, baselineBy(model))
  return 1 / (1 + Math.exp(-logOdds))
}

/** null: missing, and the basis has no term for that. */
function termsBy(basis: Basis, value: TraitValue | null): number[] | null {
  if (basis.kind === 'levels') {
    const { levels, missing } = basis
    if (value === null && !missing) return null
    const isOther = value !== null && !levels.includes(value)
    const own = [...levels.map((level) => level === value), isOther]
    return (missing ? [...own, value === null] : own).map(Number)
  }
  if (basis.kind !== 'ramps') throw new Error(`the trainer makes no ${basis.kind}`)
  const { knots, missing } = basis
  if (value === null) return missing ? [...knots.slice(1).map(() => 0), 1] : null
  const ways = knots.slice(1).map((knot, i) => {
    const way = (Number(value) - knots[i]!) / (knot - knots[i]!)
    return Math.min(1, Math.max(0, way))
  })
  return missing ? [...ways, 0] : ways
}
