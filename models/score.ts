import type { Reason } from '../schemas/avro/reason.ts'
import type { Trait } from '../schemas/customer-state.ts'
import type { CompiledModel } from './linear-model.ts'

export function probabilityOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds))
}

/** What a score was made of, by input of its model; longer when a larger model has used it before. */
export interface Workings {
  /** A number, the number of a level, or NaN for missing. */
  values: Float64Array
  /** What each input adds to the log odds. */
  contributions: Float64Array
}

export function createWorkings(): Workings {
  return { values: new Float64Array(64), contributions: new Float64Array(64) }
}

/**
 * What each input adds to the log odds: Σ over its terms of coefficient × (term − mean) / scale, times the slope of the
 * calibration. For a linear model of inputs taken as independent these are the exact SHAP values (Lundberg and Lee 2017,
 * corollary 1), summed per input.
 * @param features as computeFeatures fills them
 * @param workings filled
 * @returns the log odds: the model's baseline + Σ contributions
 */
export function contributionsOf(
  model: CompiledModel,
  features: Float64Array,
  traits: readonly Trait[],
  workings: Workings,
): number {
  readInputs(model, features, traits, workings)
  const { starts, anchors, bases, slopes, levels, missing } = model
  const { values, contributions } = workings
  let logOdds = model.baseline
  let piece = 0
  for (let i = 0; i < levels.length; i++) {
    const value = values[i]!
    const end = starts[i + 1]!
    let contribution: number
    if (Number.isNaN(value)) contribution = missing[i]!
    else if (levels[i] !== null) contribution = bases[piece + value]!
    else {
      while (piece + 1 < end && value >= anchors[piece + 1]!) piece++
      contribution = bases[piece]! + slopes[piece]! * (value - anchors[piece]!)
    }
    piece = end
    contributions[i] = contribution
    logOdds += contribution
  }
  return logOdds
}

function readInputs(
  { positions, traits: inputOf, levels }: CompiledModel,
  features: Float64Array,
  traits: readonly Trait[],
  workings: Workings,
): void {
  const size = positions.length
  if (workings.values.length < size) {
    workings.values = new Float64Array(2 * size)
    workings.contributions = new Float64Array(2 * size)
  }
  const { values } = workings
  for (let i = 0; i < size; i++) values[i] = positions[i]! < 0 ? Number.NaN : features[positions[i]!]!
  if (inputOf.size === 0) return
  for (let i = 0; i < traits.length; i++) {
    const { name, value } = traits[i]!
    const input = inputOf.get(name)
    if (input === undefined || value === null) continue
    const numbers = levels[input]!
    if (numbers === null) values[input] = typeof value === 'number' ? value : Number.NaN
    else values[input] = numbers.get(value) ?? numbers.size
  }
}

const scratch = createWorkings()

/** The probability that a model gives. @param features as computeFeatures fills them */
export function scoreModel(model: CompiledModel, features: Float64Array, traits: readonly Trait[] = []): number {
  return probabilityOf(contributionsOf(model, features, traits, scratch))
}

/** So many reasons are given at most. */
export const MOST_REASONS = 512
/** Inputs of the best reasons so far: written and read within one call. */
const best = new Int32Array(MOST_REASONS)

/**
 * The n largest contributions by size (at most MOST_REASONS), ties in the order of their names; what contributes nothing is no
 * reason. A level is named with its value, `traits.plan=pro`, and so is a missing value, `traits.plan=(missing)`; the value
 * of these is 1.
 * @param into filled and returned; the objects that it holds are written over
 */
export function topReasons(model: CompiledModel, workings: Workings, n: number, into: Reason[] = []): Reason[] {
  const { names } = model
  const { values, contributions } = workings
  const most = Math.min(n, best.length)
  let length = 0
  /** Size of the last of them once they are as many as are wanted: most inputs are below it. */
  let least = 0
  for (let input = 0; input < names.length; input++) {
    const size = Math.abs(contributions[input]!)
    if (size < least || size === 0) continue
    let rank = length
    while (rank > 0 && outranks(input, best[rank - 1]!, contributions, names)) rank--
    if (rank >= most) continue
    if (length < most) length++
    for (let j = length - 1; j > rank; j--) best[j] = best[j - 1]!
    best[rank] = input
    if (length === most) least = Math.abs(contributions[best[length - 1]!]!)
  }
  for (let i = 0; i < length; i++) {
    const input = best[i]!
    const value = values[input]!
    const reason = into[i] ?? { feature: '', value: 0, contribution: 0 }
    const named = Number.isNaN(value) || model.levels[input] !== null
    reason.feature = named ? levelNameOf(model, input, value) : names[input]!
    reason.value = named ? 1 : value
    reason.contribution = contributions[input]!
    into[i] = reason
  }
  if (into.length !== length) into.length = length
  return into
}

function levelNameOf({ levelNames }: CompiledModel, input: number, value: number): string {
  const names = levelNames[input]!
  return names[Number.isNaN(value) ? names.length - 1 : value]!
}

function outranks(input: number, other: number, contributions: Float64Array, names: readonly string[]): boolean {
  const difference = Math.abs(contributions[input]!) - Math.abs(contributions[other]!)
  return difference > 0 || (difference === 0 && names[input]! < names[other]!)
}
