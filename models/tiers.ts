import type { Trait } from '../schemas/customer-state.ts'
import type { TieredModel } from '../schemas/tiered-model.ts'
import { type CompiledModel, compileModel } from './linear-model.ts'
import { scoreModel } from './score.ts'

export interface CompiledTiers {
  readonly version: string
  /** Lowest first. */
  readonly tiers: readonly string[]
  readonly steps: readonly CompiledModel[]
}

/** @throws AppError INPUT_INVALID as compileModel */
export function compileTiers({ version, tiers, steps }: TieredModel): CompiledTiers {
  return { version, tiers, steps: steps.map(compileModel) }
}

export interface TierScore {
  /** The likeliest; of equals the higher. */
  readonly tier: string
  /** The probability of that tier. */
  readonly confidence: number
  /** By tier, in its order; they add up to 1. */
  readonly probabilities: readonly number[]
}

/** P(tier i) = P(at least i) × (1 − P(above i | at least i)). @param features as computeFeatures fills them */
export function scoreTiers(
  { tiers, steps }: CompiledTiers,
  features: Float64Array,
  traits: readonly Trait[],
): TierScore {
  const probabilities: number[] = []
  let atLeast = 1
  for (const step of steps) {
    const above = atLeast * scoreModel(step, features, traits)
    probabilities.push(atLeast - above)
    atLeast = above
  }
  probabilities.push(atLeast)
  let best = probabilities.length - 1
  for (let i = best; i >= 0; i--) if (probabilities[i]! > probabilities[best]!) best = i
  return { tier: tiers[best]!, confidence: probabilities[best]!, probabilities }
}
