import type { Reason } from '../schemas/avro/reason.ts'
import { FEATURE_COUNT, FEATURES } from './features.ts'
import type { CompiledModel } from './linear-model.ts'

export function probabilityOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds))
}

/** The probability that a model gives a feature vector (length FEATURE_COUNT). */
export function scoreModel(model: CompiledModel, features: Float64Array): number {
  const { indices, means, weights } = model
  let logOdds = model.baseline
  for (let i = 0; i < indices.length; i++) logOdds += weights[i]! * (features[indices[i]!]! - means[i]!)
  return probabilityOf(logOdds)
}

/**
 * What each feature adds to the log odds, by position in FEATURES: coefficient × (value − mean) / scale, which for a
 * linear model of features taken as independent is the exact SHAP value (Lundberg and Lee 2017, corollary 1).
 * @param out filled, length FEATURE_COUNT
 * @returns the log odds: the model's baseline + Σ out
 */
export function contributionsOf(model: CompiledModel, features: Float64Array, out: Float64Array): number {
  const { indices, means, weights } = model
  out.fill(0)
  let logOdds = model.baseline
  for (let i = 0; i < indices.length; i++) {
    const position = indices[i]!
    const contribution = weights[i]! * (features[position]! - means[i]!)
    out[position] = contribution
    logOdds += contribution
  }
  return logOdds
}

/** Positions of the best reasons so far: written and read within one call. */
const best = new Int32Array(FEATURE_COUNT)

/**
 * The n largest contributions by size, ties in the order of their names; what contributes nothing is no reason.
 * @param into filled and returned; the objects that it holds are written over
 */
export function topReasons(
  model: CompiledModel,
  features: Float64Array,
  contributions: Float64Array,
  n: number,
  into: Reason[] = [],
): Reason[] {
  const { indices } = model
  let length = 0
  for (let i = 0; i < indices.length; i++) {
    const position = indices[i]!
    if (contributions[position] === 0) continue
    let rank = length
    while (rank > 0 && outranks(position, best[rank - 1]!, contributions)) rank--
    if (rank >= n) continue
    if (length < n) length++
    for (let j = length - 1; j > rank; j--) best[j] = best[j - 1]!
    best[rank] = position
  }
  for (let i = 0; i < length; i++) {
    const position = best[i]!
    const reason = into[i] ?? { feature: '', value: 0, contribution: 0 }
    reason.feature = FEATURES[position]!.name
    reason.value = features[position]!
    reason.contribution = contributions[position]!
    into[i] = reason
  }
  into.length = length
  return into
}

function outranks(position: number, other: number, contributions: Float64Array): boolean {
  const difference = Math.abs(contributions[position]!) - Math.abs(contributions[other]!)
  return difference > 0 || (difference === 0 && FEATURES[position]!.name < FEATURES[other]!.name)
}
