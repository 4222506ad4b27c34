import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { AppError } from './errors.ts'

/** Grid points of a ranking: its quantiles at every hundredth, from the least to the greatest. */
export const GRID_POINTS = 101

const ranking = Type.Object({
  cuts: Type.Array(Type.Number(), { minItems: 1, description: 'The i / bins quantiles, ascending.' }),
  grid: Type.Array(Type.Number(), {
    minItems: GRID_POINTS,
    maxItems: GRID_POINTS,
    description: 'Quantiles at every hundredth from 0 to 1, ascending.',
  }),
  rankError: Type.Number({
    minimum: 0,
    maximum: 1,
    description: 'How far the rank of any of them may be from where it belongs, as a share of the customers.',
  }),
})

/** What everyone who scores customers has to know of all customers of a tenant: a JSON record of `thresholds`, key <tenantId>. */
export const thresholdsSchema = Type.Object({
  version: Type.Integer({ minimum: 1, description: 'Counts up; every result names the one it was made with.' }),
  asOf: Type.Integer({ description: 'Epoch ms: the time of the tenant when it was made.' }),
  customers: Type.Integer({ minimum: 1, description: 'Customers with a purchase.' }),
  classified: Type.Integer({
    minimum: 0,
    description: 'Of these, customers with an RFM total, by earlier thresholds.',
  }),
  bins: Type.Integer({ minimum: 2, maximum: 10, description: 'R, F and M are scored from 1 to this.' }),
  recency: ranking,
  frequency: ranking,
  monetary: Type.Record(Type.String(), ranking, { description: 'Of each reporting currency, minor units.' }),
  segments: Type.Array(Type.Number(), {
    minItems: 3,
    maxItems: 3,
    description: 'Lowest r + f + m of the segments Promising, Potential and Loyal.',
  }),
})

export type Thresholds = Static<typeof thresholdsSchema>
export type Ranking = Static<typeof ranking>

/** @throws AppError INPUT_INVALID when a JSON value isn't a `thresholds` record; details.field is the path of what is wrong */
export function parseThresholds(json: unknown): Thresholds {
  if (Value.Check(thresholdsSchema, json)) return json
  const [error] = Value.Errors(thresholdsSchema, json)
  const field = error?.instancePath.split('/').slice(1).join('.') ?? ''
  throw new AppError('INPUT_INVALID', `thresholds: ${field || 'the value'} ${error?.message ?? 'is refused'}`, {
    details: { field },
  })
}
