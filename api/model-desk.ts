import type { ModelCatalogue } from '../models/model-catalogue.ts'
import type { ModelWatch } from '../schemas/model-watch.ts'
import type { TrainingRequest } from '../schemas/training-request.ts'

/** What the API knows of models, and the two things it may say about them. */
export interface ModelDesk {
  readonly catalogue: ModelCatalogue
  /** The newest record of each key of `training-requests`. */
  readonly requests: ReadonlyMap<string, TrainingRequest>
  /** The newest record of each key of `model-watch`. */
  readonly watches: ReadonlyMap<string, ModelWatch>
  /** Resolves when the record is durable; a null value deletes the key. @throws AppError KAFKA_UNAVAILABLE */
  publish(topic: 'models' | 'training-requests', key: string, value: object | null): Promise<void>
}
