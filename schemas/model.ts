import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { AppError } from './errors.ts'

/** In front of a trait's name where models and reasons name it: a trait never collides with a built-in feature. */
export const TRAIT_PREFIX = 'traits.'

const number = (description: string) => Type.Number({ description })
const whole = (description: string) => Type.Integer({ minimum: 0, description })
const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description })
const closed = { additionalProperties: false }

/** How one feature becomes terms; the order of its terms is the order in which these lines name them. */
const basis = Type.Union([
  Type.Object(
    { kind: Type.Literal('linear'), missing: Type.Boolean({ description: 'a last term: 1 when missing' }) },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('ramps'),
      knots: Type.Array(Type.Number(), {
        minItems: 2,
        description: 'ascending; a term for each pair of neighbours rises from 0 at the first to 1 at the second',
      }),
      missing: Type.Boolean(),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('levels'),
      levels: Type.Array(Type.Union([Type.Boolean(), Type.Number(), Type.String()]), {
        description: 'a term for each, 1 for that value; then one for all other values',
      }),
      missing: Type.Boolean(),
    },
    closed,
  ),
])

const input = Type.Object(
  {
    feature: Type.String({ minLength: 1, description: `a built-in feature, or a trait as ${TRAIT_PREFIX}<name>` }),
    basis,
    means: Type.Array(number('of the term in training'), {
      description: 'one number a term, as scales and coefficients',
    }),
    scales: Type.Array(Type.Number({ exclusiveMinimum: 0, description: 'standard deviation of the term, or 1' })),
    coefficients: Type.Array(number('log odds for one scale of the term')),
  },
  closed,
)

/** How often values fell into each bin when the model was trained: what drift is measured against. */
const histogram = Type.Object(
  {
    edges: Type.Array(Type.Number(), {
      description: 'ascending; bin i lies below edge i, the last at or above the last edge',
    }),
    levels: Type.Optional(Type.Array(Type.Union([Type.Boolean(), Type.Number(), Type.String()]))),
    shares: Type.Array(share('of the training examples'), {
      description: 'a bin each; the last bin is missing values',
    }),
  },
  closed,
)

const metrics = Type.Object(
  {
    examples: whole('unseen examples that were measured on'),
    positives: whole('of them with label 1'),
    auc: share('probability that a positive ranks above a negative, ties half'),
    logLoss: Type.Number({ minimum: 0, description: 'mean, nats' }),
    brier: share('mean squared error of the probability'),
    calibrationError: share('expected calibration error over ten bins of equal width'),
  },
  closed,
)

const training = Type.Object(
  {
    from: number('oldest training example, epoch ms'),
    to: number('newest moment at which a training label became known, epoch ms'),
    examples: whole('trained on'),
    positives: whole('of them with label 1'),
    penalty: Type.Number({ minimum: 0, description: 'L2: penalty / 2 × Σ coefficient² beside the summed log loss' }),
    leaks: Type.Array(Type.Object({ trait: Type.String(), auc: share('of this trait alone, cross-fitted') }, closed), {
      description: 'traits left out because each alone separates the classes',
    }),
    unstable: Type.Optional(
      Type.Array(
        Type.Object(
          { feature: Type.String(), psi: Type.Number({ minimum: 0, description: 'recent values against examples' }) },
          closed,
        ),
        { description: 'features left out because their values have moved since the examples' },
      ),
    ),
  },
  closed,
)

export { metrics as modelMetricsSchema, training as modelTrainingSchema }

/** A linear model of additive terms: a JSON record of the topic `models`. */
export const modelSchema = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    kind: Type.Enum(['lead', 'churn']),
    version: Type.String({ minLength: 1, description: 'names the model in every result that it made' }),
    intercept: number('log odds with every term at its mean'),
    inputs: Type.Array(input, { description: 'what is not named has no influence' }),
    calibration: Type.Optional(
      Type.Object(
        { slope: Type.Number({ exclusiveMinimum: 0 }), offset: Type.Number() },
        { ...closed, description: 'Platt scaling: calibrated log odds = slope × log odds + offset' },
      ),
    ),
    doc: Type.Optional(Type.String({ description: 'where the weights come from, for people' })),
    training: Type.Optional(training),
    metrics: Type.Optional(metrics),
    reference: Type.Optional(
      Type.Object(
        {
          features: Type.Record(Type.String(), histogram),
          score: histogram,
          scored: Type.Optional(
            Type.Object(
              { samples: whole('scored events'), customers: whole('among them') },
              { ...closed, description: 'what was scored until the training; without it: the training examples' },
            ),
          ),
        },
        { ...closed, description: 'features by name, and the calibrated probability' },
      ),
    ),
  },
  closed,
)

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T
export type LinearModel = DeepReadonly<Static<typeof modelSchema>>
export type ModelKind = LinearModel['kind']
export type ModelInput = LinearModel['inputs'][number]
export type Basis = ModelInput['basis']
export type Histogram = DeepReadonly<Static<typeof histogram>>
export type ModelMetrics = DeepReadonly<Static<typeof metrics>>

/**
 * The model that a JSON value stands for. Whether it fits this version's features is for compileModel to say.
 * @throws AppError INPUT_INVALID; details.field is the path of the first field that is wrong, such as `inputs.3.scales.0`
 */
export function parseModel(json: unknown): LinearModel {
  if (Value.Check(modelSchema, json)) return json
  const [error] = Value.Errors(modelSchema, json).filter(({ keyword }) => keyword !== 'boolean')
  const field = error?.instancePath.slice(1).replaceAll('/', '.') || 'the value'
  throw new AppError('INPUT_INVALID', `model: ${field} ${error?.message ?? 'is refused'}`, { details: { field } })
}
