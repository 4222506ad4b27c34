import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { AppError } from './errors.ts'

const positive = (description: string) => Type.Number({ exclusiveMinimum: 0, description })
const closed = { additionalProperties: false }

/** What is needed to say what a customer will be worth: a JSON record of `models`, key <tenantId>/clv. Times are in days. */
export const clvModelSchema = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    kind: Type.Literal('clv'),
    version: Type.String({ minLength: 1, description: 'Names the model in every answer.' }),
    purchases: Type.Object(
      {
        r: positive('Shape of the purchase rates.'),
        alpha: positive('Rate of the purchase rates, days.'),
        dropout: Type.Union([
          Type.Object({ kind: Type.Literal('beta'), a: positive(''), b: positive('') }, closed),
          Type.Object(
            { kind: Type.Literal('common'), p: Type.Number({ minimum: 0, exclusiveMaximum: 1 }) },
            { ...closed, description: 'BG/NBD has no maximum: everybody drops out with the same probability.' },
          ),
        ]),
      },
      { ...closed, description: 'BG/NBD, or its limit.' },
    ),
    values: Type.Union(
      [
        Type.Object(
          {
            currency: Type.String({ description: 'Customers who pay in another have no value by this model.' }),
            p: positive('Shape of the orders of one customer.'),
            q: Type.Number({ exclusiveMinimum: 1 }),
            v: positive('Minor units.'),
          },
          closed,
        ),
        Type.Null(),
      ],
      { description: 'Gamma-Gamma; null: too few customers.' },
    ),
    fit: Type.Object(
      {
        at: Type.Integer({ description: 'Epoch ms: until when customers were observed.' }),
        customers: Type.Integer({ minimum: 1 }),
        repeatCustomers: Type.Integer({ minimum: 0 }),
        logLikelihood: Type.Number({ description: 'Of the purchases.' }),
        gainOfBeta: Type.Number({ description: 'Of log likelihood, by letting dropout probabilities differ.' }),
        fallback: Type.Union([Type.String(), Type.Null()], {
          description: 'Why dropout is not that of BG/NBD proper; null: it is.',
        }),
      },
      { ...closed, description: 'How it was fitted.' },
    ),
  },
  closed,
)

export type ClvModel = Static<typeof clvModelSchema>

/** @throws AppError INPUT_INVALID when a JSON value isn't a CLV model; details.field is the path of what is wrong */
export function parseClvModel(json: unknown): ClvModel {
  if (Value.Check(clvModelSchema, json)) return json
  const [error] = Value.Errors(clvModelSchema, json)
  const field = error?.instancePath.split('/').slice(1).join('.') ?? ''
  throw new AppError('INPUT_INVALID', `clv model: ${field || 'the value'} ${error?.message ?? 'is refused'}`, {
    details: { field },
  })
}
