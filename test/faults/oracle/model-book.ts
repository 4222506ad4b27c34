/** A linear model as it is published: data, which results name by its version. */
export interface Model {
  readonly version: string
  readonly features: readonly string[]
  readonly means: readonly number[]
  readonly scales: readonly number[]
  readonly coefficients: readonly number[]
  readonly intercept: number
  readonly calibration?: { readonly slope: number; readonly offset: number }
}

/** All models that may have scored: those that ship with the product, and those of the topic `models`. */
export class ModelBook {
  readonly #models: ReadonlyMap<string, Model>

  constructor(models: readonly Model[]) {
    this.#models = new Map(models.map((model) => [model.version, model]))
  }

  /** Undefined for a version that was never published. */
  of(version: string): Model | undefined {
    return this.#models.get(version)
  }
}
