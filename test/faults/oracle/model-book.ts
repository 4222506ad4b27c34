import type { LinearModel } from '../../../schemas/model.ts'

/** All models that may have scored: those that ship with the product, and those of the topic `models`. */
export class ModelBook {
  readonly #models: ReadonlyMap<string, LinearModel>

  constructor(models: readonly LinearModel[]) {
    this.#models = new Map(models.map((model) => [model.version, model]))
  }

  /** Undefined for a version that was never published. */
  of(version: string): LinearModel | undefined {
    return this.#models.get(version)
  }
}
