import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { AppError } from './errors.ts'
import type { ModelKind } from './model.ts'

const closed = { additionalProperties: false }
const nullable = <T extends Type.TSchema>(schema: T, description?: string) =>
  Type.Union([schema, Type.Null()], description === undefined ? {} : { description })
const count = (description: string) => Type.Integer({ minimum: 0, description })

const driftSchema = Type.Object(
  {
    name: Type.String({ description: 'a feature, or `score`' }),
    psi: Type.Number({ description: 'population stability index against the reference of the model' }),
    missing: Type.Number({ description: 'share of missing values' }),
    missingInReference: Type.Number(),
  },
  closed,
)

const calibrationSchema = Type.Object(
  {
    examples: count('the newest labelled ones that the version scored and has not learned from'),
    meanProbability: Type.Number(),
    rate: Type.Number({ description: 'of label 1' }),
    brier: Type.Number(),
    calibrationError: Type.Number({ description: 'expected calibration error, ten bins' }),
  },
  closed,
)

const latencySchema = Type.Object(
  {
    samples: count('of the last ten minutes'),
    p50Ms: Type.Number(),
    p95Ms: Type.Number({ description: 'from arrival in Kafka to the score' }),
    p99Ms: Type.Number(),
  },
  closed,
)

const comparisonSchema = Type.Object(
  {
    version: Type.String(),
    samples: count('scored by both'),
    meanDifference: Type.Number({ description: 'shadow − served' }),
    meanAbsoluteDifference: Type.Number(),
    mostAbsoluteDifference: Type.Number(),
    correlation: nullable(Type.Number(), 'of the two probabilities; null where one of them never changes'),
    raised: count('grades or bands that would be higher, each taken as it is, without what holds it'),
    lowered: count('grades or bands that would be lower'),
  },
  closed,
)

const raisedSchema = Type.Object(
  {
    name: Type.String({ description: '`drift:<feature>`, `missing:<feature>`, `calibration` or `latency`' }),
    value: Type.Number(),
    limit: Type.Number(),
    since: Type.Number({ description: 'epoch ms' }),
  },
  closed,
)

/** What is seen of a model in use: a JSON record of `model-watch`, key `<tenantId>/<kind>`. Only the trainer writes it. */
export const modelWatchSchema = Type.Object(
  {
    modelVersion: Type.String({ description: 'that scores' }),
    at: Type.Number({ description: 'epoch ms' }),
    samples: count('of what this version scored, the newest'),
    customers: count('among them'),
    reference: Type.Enum(['scored', 'examples', 'none'], {
      description:
        'what drift is measured against: what was scored until the training, the training examples, or nothing',
    }),
    drift: Type.Array(driftSchema, { description: 'by feature and of the score, worst first' }),
    calibration: nullable(calibrationSchema),
    latency: nullable(latencySchema),
    shadow: nullable(comparisonSchema, 'null: none, or not a sample yet'),
    alerts: Type.Array(raisedSchema, { description: 'what is beyond its limit' }),
  },
  closed,
)

/** An alert is raised or cleared: a JSON record of `alerts`, key `<tenantId>/<kind>/<name>`. */
export const alertSchema = Type.Object(
  {
    tenantId: Type.String(),
    kind: Type.Enum(['lead', 'churn']),
    ...raisedSchema.properties,
    state: Type.Enum(['raised', 'cleared']),
    modelVersion: Type.String(),
    at: Type.Number({ description: 'of this state, epoch ms' }),
  },
  closed,
)

export type ModelWatch = Static<typeof modelWatchSchema>
export type ShadowComparison = Static<typeof comparisonSchema>
export type RaisedAlert = Static<typeof raisedSchema>
export type ModelAlert = Static<typeof alertSchema>

export const alertKey = (tenantId: string, kind: ModelKind, name: string): string => `${tenantId}/${kind}/${name}`

/** @throws AppError INPUT_INVALID */
export function parseModelWatch(json: unknown): ModelWatch {
  if (Value.Check(modelWatchSchema, json)) return json
  throw new AppError('INPUT_INVALID', 'model watch: is not one', { details: { field: '' } })
}
