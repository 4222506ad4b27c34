import type { TieredModel } from '../schemas/tiered-model.ts'
import type { TrainingExample } from './example.ts'
import { type TrainOptions, trainModel } from './train-model.ts'

/** An example whose label is one of several ordered tiers. */
export interface TierExample extends Omit<TrainingExample, 'label'> {
  /** Position in the tiers, lowest first. */
  readonly tier: number
}

/**
 * Learns one step for each border between tiers: of the examples that are at least tier i, which are above it.
 * @throws AppError INPUT_INVALID as trainModel, when a tier has too few examples
 */
export function trainTiers(
  examples: readonly TierExample[],
  tiers: readonly string[],
  options: Omit<TrainOptions, 'kind'>,
): TieredModel {
  const steps = tiers.slice(1).map((tier, i) => {
    const atLeast = examples.filter((example) => example.tier >= i)
    return trainModel(
      atLeast.map(({ tier: actual, ...rest }) => ({ ...rest, label: actual > i ? 1 : 0 })),
      {
        ...options,
        name: `${options.name}: ${tier} or above`,
        kind: 'lead',
        ...(options.onProgress && {
          onProgress: (share: number) => options.onProgress?.((i + share) / (tiers.length - 1)),
        }),
      },
    )
  })
  return { name: options.name, version: options.version, tiers: [...tiers], steps }
}
