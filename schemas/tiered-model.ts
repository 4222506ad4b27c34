import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { AppError } from './errors.ts'
import { type LinearModel, modelSchema } from './model.ts'

/**
 * A model of ordered tiers (continuation ratios): step i gives the probability of a tier above i among those that are at
 * least i. Each step is a linear model, so each is explained exactly.
 */
export const tieredModelSchema = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    version: Type.String({ minLength: 1 }),
    tiers: Type.Array(Type.String({ minLength: 1 }), { minItems: 2, description: 'lowest first' }),
    steps: Type.Array(modelSchema, { minItems: 1, description: 'one less than tiers' }),
  },
  { additionalProperties: false },
)

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T
export type TieredModel = Omit<DeepReadonly<Static<typeof tieredModelSchema>>, 'steps'> & {
  readonly steps: readonly LinearModel[]
}

/** @throws AppError INPUT_INVALID; details.field is the path of the first field that is wrong */
export function parseTieredModel(json: unknown): TieredModel {
  const refuse = (field: string, problem: string): never => {
    throw new AppError('INPUT_INVALID', `tiered model: ${field} ${problem}`, { details: { field } })
  }
  if (!Value.Check(tieredModelSchema, json)) {
    const [error] = Value.Errors(tieredModelSchema, json).filter(({ keyword }) => keyword !== 'boolean')
    return refuse(error?.instancePath.slice(1).replaceAll('/', '.') || 'the value', error?.message ?? 'is refused')
  }
  if (json.steps.length !== json.tiers.length - 1) refuse('steps', `are ${json.steps.length}, one less than tiers`)
  return json
}
