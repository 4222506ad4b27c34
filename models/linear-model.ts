import type { TraitValue } from '../schemas/customer-state.ts'
import { AppError } from '../schemas/errors.ts'
import { type LinearModel, type ModelInput, type ModelKind, TRAIT_PREFIX } from '../schemas/model.ts'
import { ownTerms, termCount } from './basis.ts'
import { FEATURES } from './features.ts'

/**
 * A model ready to score. All terms of an input are one function of its value, tabulated here: a straight line between two
 * knots, or a number for each level. Scoring costs by inputs, not by terms, and allocates nothing.
 */
export interface CompiledModel {
  readonly kind: ModelKind
  readonly version: string
  /** Log odds with every term at its mean: what the contributions add to. */
  readonly baseline: number
  /** Names of the inputs: a position in this array is what `input` means below. */
  readonly names: readonly string[]
  /** By input: its position in FEATURES, -1 for a trait. */
  readonly positions: Int32Array
  /** Trait → input. */
  readonly traits: ReadonlyMap<string, number>
  /** By input: level → its number; null for an input of numbers. Values that are no level have the number after the last. */
  readonly levels: readonly (ReadonlyMap<TraitValue, number> | null)[]
  /** By input: how a reason names each level, `traits.plan=pro`, the other values of a text, and last a missing value. */
  readonly levelNames: readonly (readonly string[])[]
  /** By input, and the end: where its pieces begin in the next three arrays. For levels a piece is a level. */
  readonly starts: Int32Array
  /** A piece holds from its anchor to the next piece's; an input's first piece also below. */
  readonly anchors: Float64Array
  /** Contribution at the anchor. */
  readonly bases: Float64Array
  /** Contribution for one unit more. */
  readonly slopes: Float64Array
  /** By input: contribution of a missing value. */
  readonly missing: Float64Array
}

/** The two models that score a customer. */
export interface Models {
  readonly lead: CompiledModel
  readonly churn: CompiledModel
  /** Names the moment at which one of them took over: the offset of the record that said so; none: they were there before all. */
  readonly since?: number
  /** Scored beside them, for comparison only. */
  readonly shadows?: Readonly<Partial<Record<ModelKind, CompiledModel>>>
}

const POSITIONS = new Map(FEATURES.map(({ name }, i) => [name, i]))

interface Piece {
  readonly anchor: number
  readonly base: number
  readonly slope: number
}

/**
 * log odds = slope × (intercept + Σ over terms: coefficient × (term − mean) / scale) + offset, terms by basis.ts.
 * @throws AppError INPUT_INVALID when arrays differ in length, a number isn't finite, a scale isn't above 0, knots don't
 * ascend, levels repeat, or a feature is unknown or named twice; details.field names the field
 */
export function compileModel(model: LinearModel): CompiledModel {
  const { inputs, intercept, version, kind } = model
  const { slope, offset } = model.calibration ?? { slope: 1, offset: 0 }
  const refuse = refusing(version)
  if (!Number.isFinite(intercept)) refuse('intercept', 'must be finite')
  if (!Number.isFinite(slope) || !Number.isFinite(offset)) refuse('calibration', 'must be finite')
  if (new Set(inputs.map(({ feature }) => feature)).size < inputs.length) refuse('inputs', 'must differ')
  inputs.forEach((input, i) => {
    checkInput(input, (field, problem) => refuse(`inputs.${i}.${field}`, problem))
  })
  const pieces = inputs.map((input) => piecesOf(input, slope))
  const flat = pieces.flat()
  const starts = new Int32Array(inputs.length + 1)
  for (let i = 0; i < pieces.length; i++) starts[i + 1] = starts[i]! + pieces[i]!.length
  return {
    kind,
    version,
    baseline: slope * intercept + offset,
    names: inputs.map(({ feature }) => feature),
    positions: Int32Array.from(inputs, ({ feature }) => POSITIONS.get(feature) ?? -1),
    traits: new Map(
      inputs.flatMap(({ feature }, i) => (POSITIONS.has(feature) ? [] : [[feature.slice(TRAIT_PREFIX.length), i]])),
    ),
    levels: inputs.map(({ basis }) =>
      basis.kind === 'levels' ? new Map(basis.levels.map((level, number) => [level, number])) : null,
    ),
    levelNames: inputs.map(({ feature, basis }) =>
      [...(basis.kind === 'levels' ? [...basis.levels, '(other)'] : []), '(missing)'].map(
        (level) => `${feature}=${level}`,
      ),
    ),
    starts,
    anchors: Float64Array.from(flat, ({ anchor }) => anchor),
    bases: Float64Array.from(flat, ({ base }) => base),
    slopes: Float64Array.from(flat, (piece) => piece.slope),
    missing: Float64Array.from(inputs, (input) => missingOf(input, slope)),
  }
}

type Refuse = (field: string, problem: string) => void

function refusing(version: string): Refuse {
  return (field, problem) => {
    throw new AppError('INPUT_INVALID', `model ${version}: ${field} ${problem}`, { details: { field } })
  }
}

function checkInput({ feature, basis, means, scales, coefficients }: ModelInput, refuse: Refuse): void {
  const isTrait = feature.startsWith(TRAIT_PREFIX)
  if (!isTrait && !POSITIONS.has(feature)) refuse('feature', `is the unknown ${feature}`)
  if (!isTrait && basis.kind === 'levels') refuse('basis', `has levels, ${feature} is a number`)
  const terms = termCount(basis)
  for (const [field, numbers] of Object.entries({ means, scales, coefficients })) {
    if (numbers.length !== terms) refuse(field, `has ${numbers.length} numbers for ${terms} terms`)
    if (!numbers.every(Number.isFinite)) refuse(field, 'must be finite')
  }
  if (!scales.every((scale) => scale > 0)) refuse('scales', 'must be above 0')
  if (basis.kind === 'ramps') {
    const { knots } = basis
    if (!knots.every((knot, i) => Number.isFinite(knot) && (i === 0 || knot > knots[i - 1]!))) {
      refuse('basis.knots', 'must ascend')
    }
  }
  if (basis.kind === 'levels' && new Set(basis.levels).size < basis.levels.length) refuse('basis.levels', 'must differ')
}

/** What one more of each term adds to the calibrated log odds. */
function weightsOf({ scales, coefficients }: ModelInput, slope: number): number[] {
  return coefficients.map((coefficient, i) => (slope * coefficient) / scales[i]!)
}

/** Contribution with all terms at 0: -Σ weight × mean. */
function atZero({ means }: ModelInput, weights: readonly number[]): number {
  return -weights.reduce((sum, weight, i) => sum + weight * means[i]!, 0)
}

function piecesOf(input: ModelInput, slope: number): Piece[] {
  const { basis, means } = input
  const weights = weightsOf(input, slope)
  // A line is anchored at its mean, so that a value at the mean contributes 0 and not a rounding error.
  if (basis.kind === 'linear') {
    const base = basis.missing ? -weights[1]! * means[1]! : 0
    return [{ anchor: means[0]!, base, slope: weights[0]! }]
  }
  let base = atZero(input, weights)
  if (basis.kind === 'levels') {
    return weights.slice(0, ownTerms(basis)).map((weight, i) => ({ anchor: i, base: base + weight, slope: 0 }))
  }
  const { knots } = basis
  const pieces: Piece[] = [{ anchor: knots[0]!, base, slope: 0 }]
  for (let i = 0; i + 1 < knots.length; i++) {
    pieces.push({ anchor: knots[i]!, base, slope: weights[i]! / (knots[i + 1]! - knots[i]!) })
    base += weights[i]!
  }
  pieces.push({ anchor: knots.at(-1)!, base, slope: 0 })
  return pieces
}

function missingOf(input: ModelInput, slope: number): number {
  if (!input.basis.missing) return 0
  const weights = weightsOf(input, slope)
  return atZero(input, weights) + weights.at(-1)!
}
