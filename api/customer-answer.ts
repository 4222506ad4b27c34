import { type Static, type TSchema, type TUnsafe, Type, Unsafe } from 'typebox'
import type { CustomerValue } from '../models/clv/customer-value.ts'
import { type Customer, customerSchema } from '../schemas/avro/customer.ts'
import { jsonProperties } from '../schemas/json-schema.ts'
import { customerExample } from './examples.ts'
import type { Rescorer } from './rescorer.ts'

const recordProperties = jsonProperties(customerSchema)
const { asOf, rfm, lead, churn } = recordProperties

const byFeature = Type.Record(Type.String(), Type.Number())
const nullable = <T>(schema: TUnsafe<T>, description: string): TUnsafe<T | null> =>
  Unsafe({ anyOf: [schema, { type: 'null' }], description })
const contributions = nullable(Unsafe<Static<typeof byFeature>>(byFeature), 'null: that model is not known any more.')
const baseline = nullable(Unsafe<number>({ type: 'number' }), 'Baseline + the sum of contributions = log odds.')

const valueProperties: Record<keyof CustomerValue, TSchema> = {
  modelVersion: Type.String(),
  horizonDays: Type.Integer({ description: 'How far ahead (setting clv.horizonDays).' }),
  probabilityAlive: nullable(
    Unsafe<number>({ type: 'number' }),
    'That he will buy again at all; null after a single day of purchases, of which the model can only say 1.',
  ),
  expectedPurchases: Type.Number({ description: 'Days with a purchase, within the horizon.' }),
  nextPurchaseMedianAt: Type.Integer({
    description: 'Epoch ms: if he is still active, half of such customers have bought again by then.',
  }),
  nextPurchaseMeanAt: nullable(
    Unsafe<number>({ type: 'integer' }),
    'Epoch ms: when to expect it, if he is still active; null: too little is known of him.',
  ),
  expectedOrderMinor: nullable(
    Unsafe<number>({ type: 'integer' }),
    'Worth of one such day, minor units; null: the model has no values in his currency.',
  ),
  clvMinor: nullable(Unsafe<number>({ type: 'integer' }), 'Worth of all of them, discounted by clv.discountRate.'),
  currency: nullable(Unsafe<string>({ type: 'string' }), 'ISO 4217.'),
}

const explanation = {
  features: Type.Record(Type.String(), Type.Number(), {
    description: 'Value of every feature, most as logarithms: docs/features.md has the units.',
  }),
  contributions: Type.Object(
    { lead: contributions, churn: contributions },
    { description: 'What every feature adds to the log odds of each score: exact SHAP values of a linear model.' },
  ),
  baselines: Type.Object({ lead: baseline, churn: baseline }),
  clv: nullable(
    Unsafe<CustomerValue>(Type.Object(valueProperties)),
    'What the customer is expected to buy; null: he never bought, or the tenant has no such model yet.',
  ),
}

const nowSchema = Type.Object(
  { asOf, rfm, lead, churn, ...explanation },
  { $id: 'CustomerNow', description: 'Scored again at the time of the request, as if nothing had happened since.' },
)

/** A customer as HTTP shows it: the fields of its `customers` record (without its state bytes), and why. */
export const customerAnswerSchema = Type.Object(
  {
    ...recordProperties,
    ...explanation,
    now: Type.Optional(Unsafe<Static<typeof nowSchema>>({ $ref: 'CustomerNow#' })),
  },
  {
    $id: 'Customer',
    description: 'Features and scores of a customer after its newest event.',
    examples: [customerExample],
  },
)
export const customerAnswerRef = Unsafe<CustomerAnswer>({ $ref: 'Customer#' })
export const CUSTOMER_SCHEMAS = [nowSchema, customerAnswerSchema] as const

export type CustomerAnswer = Static<typeof customerAnswerSchema>

export const asOfSchema = Type.Optional(
  Unsafe<'now' | 'stored'>({
    type: 'string',
    enum: ['now', 'stored'],
    description:
      'stored: the record as it is; now: its scores, features and recency as of the request. Left out: the record, and beside it what it is `now`.',
  }),
)
export type AsOf = Static<typeof asOfSchema> | undefined

/** @param now the time of the request, ms */
export function customerAnswer(rescorer: Rescorer, stored: Customer, now: number, as: AsOf): CustomerAnswer {
  const { state: _, ...record } = stored
  if (as === 'now') return { ...record, ...rescorer.rescore(stored, now), scoredAt: now }
  const answer = { ...record, ...rescorer.explain(stored) }
  return as === 'stored' ? answer : { ...answer, now: rescorer.rescore(stored, now) }
}
