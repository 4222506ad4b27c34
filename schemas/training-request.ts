import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { AppError } from './errors.ts'

/** A training that was asked for, and how far it is: a JSON record of `training-requests`, key `<tenantId>/<kind>`. */
export const trainingRequestSchema = Type.Object(
  {
    requestId: Type.String({ minLength: 1 }),
    state: Type.Enum(['requested', 'training', 'promoted', 'refused', 'failed']),
    progress: Type.Number({ minimum: 0, maximum: 1 }),
    reasons: Type.Array(Type.String()),
    version: Type.Union([Type.String(), Type.Null()], { description: 'that was trained' }),
    at: Type.Number({ description: 'of this state, epoch ms' }),
  },
  { additionalProperties: false },
)

export type TrainingRequest = Static<typeof trainingRequestSchema>

/** @throws AppError INPUT_INVALID */
export function parseTrainingRequest(json: unknown): TrainingRequest {
  if (Value.Check(trainingRequestSchema, json)) return json
  throw new AppError('INPUT_INVALID', 'training request: is not one', { details: { field: '' } })
}
