import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { AppError } from './errors.ts'
import type { ModelKind } from './model.ts'
import { modelMetricsSchema, modelTrainingSchema } from './model.ts'

/** In place of a tenant: the models of every tenant that has none of his own. */
export const ALL_TENANTS = '*'
export const MODEL_KINDS = ['lead', 'churn'] as const satisfies readonly ModelKind[]

const closed = { additionalProperties: false }
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** One training: what it made, and whether that serves. */
export const decisionSchema = Type.Object(
  {
    version: Type.String({ description: 'of the challenger' }),
    at: Type.Number({ description: 'epoch ms' }),
    cause: Type.Enum(['count', 'time', 'drift', 'request']),
    promoted: Type.Boolean(),
    reasons: Type.Array(Type.String()),
    champion: nullable(Type.String({ description: 'the version that served; null: none was trained' })),
    metrics: nullable(modelMetricsSchema),
    championMetrics: nullable(modelMetricsSchema),
    training: modelTrainingSchema,
  },
  closed,
)

/** Which version serves: a JSON record of the topic `models`, key `<tenantId>/<kind>`. Only the trainer writes it. */
export const servedModelSchema = Type.Object(
  {
    serving: nullable(Type.String({ description: 'version; null: the prior scorecard' })),
    consideredUntil: Type.Number({ description: 'time of the newest example that was looked at, epoch ms' }),
    decisions: Type.Array(decisionSchema, { description: 'newest first' }),
  },
  closed,
)

/** A version that people chose, key `<tenantId>/<kind>/pin`. Only the API writes it; without it the trainer's choice serves. */
export const pinSchema = Type.Object(
  {
    // Null first: a body's null would be taken for an empty text.
    version: Type.Union([Type.Null(), Type.String({ minLength: 1 })], { description: 'null: the prior scorecard' }),
    at: Type.Number({ description: 'epoch ms' }),
  },
  closed,
)

/** A version that is scored beside the one that serves, key `<tenantId>/<kind>/shadow`. Only the API writes it. */
export const shadowSchema = Type.Object(
  { version: Type.String({ minLength: 1 }), at: Type.Number({ description: 'epoch ms' }) },
  closed,
)

export type ServedModel = Static<typeof servedModelSchema>
export type Decision = Static<typeof decisionSchema>
export type ModelPin = Static<typeof pinSchema>
export type ModelShadow = Static<typeof shadowSchema>

/** What a key of the topic `models` names; null: something else, such as a CLV model. */
export interface ModelKey {
  readonly tenantId: string
  readonly kind: ModelKind
  /** null: the record that says which version serves. */
  readonly version: string | null
  readonly isPin: boolean
  readonly isShadow: boolean
}

export const servedKey = (tenantId: string, kind: ModelKind): string => `${tenantId}/${kind}`
export const versionKey = (tenantId: string, kind: ModelKind, version: string): string =>
  `${tenantId}/${kind}/${version}`
export const pinKey = (tenantId: string, kind: ModelKind): string => `${tenantId}/${kind}/pin`
export const shadowKey = (tenantId: string, kind: ModelKind): string => `${tenantId}/${kind}/shadow`

export function parseModelKey(key: string): ModelKey | null {
  const [tenantId, name, ...rest] = key.split('/')
  const kind = MODEL_KINDS.find((each) => each === name)
  if (tenantId === undefined || kind === undefined) return null
  const version = rest.length === 0 ? null : rest.join('/')
  const [isPin, isShadow] = [version === 'pin', version === 'shadow']
  return { tenantId, kind, version: isPin || isShadow ? null : version, isPin, isShadow }
}

/** @throws AppError INPUT_INVALID; details.field is the path of the first field that is wrong */
export const parseServedModel = (json: unknown): ServedModel => checked(servedModelSchema, json, 'served model')
export const parseModelPin = (json: unknown): ModelPin => checked(pinSchema, json, 'pin')
export const parseModelShadow = (json: unknown): ModelShadow => checked(shadowSchema, json, 'shadow')

function checked<T extends Type.TSchema>(schema: T, json: unknown, name: string): Static<T> {
  if (Value.Check(schema, json)) return json as Static<T>
  const [error] = Value.Errors(schema, json).filter(({ keyword }) => keyword !== 'boolean')
  const field = error?.instancePath.slice(1).replaceAll('/', '.') || 'the value'
  throw new AppError('INPUT_INVALID', `${name}: ${field} ${error?.message ?? 'is refused'}`, { details: { field } })
}
