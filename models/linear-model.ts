import { AppError } from '../schemas/errors.ts'
import { FEATURES } from './features.ts'

export type ModelKind = 'lead' | 'churn'

/** A model is data. log odds = intercept + Σ coefficient × (value − mean) / scale, then the calibration. */
export interface LinearModel {
  readonly name: string
  readonly kind: ModelKind
  /** Names the model in every result that it made. */
  readonly version: string
  /** Names out of FEATURES; what isn't named has no influence. The next three arrays are in this order. */
  readonly features: readonly string[]
  readonly means: readonly number[]
  /** Standard deviations, or 1; above 0. */
  readonly scales: readonly number[]
  readonly coefficients: readonly number[]
  /** Log odds of a customer whose features are all at their means. */
  readonly intercept: number
  /** Platt scaling: calibrated log odds = slope × log odds + offset. Absent: as they are. */
  readonly calibration?: { readonly slope: number; readonly offset: number }
  /** Where the weights come from, for people. */
  readonly doc?: string
}

/** A model ready to score: weights by position in FEATURES, calibration and scales folded in. */
export interface CompiledModel {
  readonly kind: ModelKind
  readonly version: string
  /** Log odds at the means: what the contributions add to. */
  readonly baseline: number
  /** Positions in FEATURES that have a weight. */
  readonly indices: Int32Array
  readonly means: Float64Array
  /** slope × coefficient / scale. */
  readonly weights: Float64Array
}

/** The two models that score a customer. */
export interface Models {
  readonly lead: CompiledModel
  readonly churn: CompiledModel
}

const POSITIONS = new Map(FEATURES.map(({ name }, i) => [name, i]))

/**
 * @throws AppError INPUT_INVALID when arrays differ in length, a number isn't finite, a scale isn't above 0, a feature
 * is unknown or named twice; details.field names the field
 */
export function compileModel(model: LinearModel): CompiledModel {
  const { features, means, scales, coefficients, intercept } = model
  const { slope, offset } = model.calibration ?? { slope: 1, offset: 0 }
  const check = (ok: boolean, field: string, problem: string): void => {
    if (!ok) throw new AppError('INPUT_INVALID', `model ${model.version}: ${field} ${problem}`, { details: { field } })
  }
  for (const [field, numbers] of Object.entries({ means, scales, coefficients })) {
    check(numbers.length === features.length, field, `has ${numbers.length} numbers for ${features.length} features`)
    check(numbers.every(Number.isFinite), field, 'must be finite')
  }
  check(
    scales.every((scale) => scale > 0),
    'scales',
    'must be above 0',
  )
  check(Number.isFinite(intercept), 'intercept', 'must be finite')
  check(Number.isFinite(slope) && Number.isFinite(offset), 'calibration', 'must be finite')
  check(new Set(features).size === features.length, 'features', 'must differ')
  const indices = features.map((name) => {
    const position = POSITIONS.get(name)
    check(position !== undefined, 'features', `has the unknown ${name}`)
    return position as number // checked on the line above
  })
  return {
    kind: model.kind,
    version: model.version,
    baseline: slope * intercept + offset,
    indices: Int32Array.from(indices),
    means: Float64Array.from(means),
    weights: Float64Array.from(coefficients, (coefficient, i) => (slope * coefficient) / scales[i]!),
  }
}
