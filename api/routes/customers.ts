import { type Static, Type } from 'typebox'
import { LANGUAGES } from '../../models/reason-text.ts'
import { AppError } from '../../schemas/errors.ts'
import { MAX_CUSTOMER_ID_BYTES } from '../../schemas/partition.ts'
import type { App } from '../app.ts'
import { asOfSchema, customerAnswer, customerAnswerRef } from '../customer-answer.ts'
import { checkedCustomerId } from '../customer-id.ts'
import { LOOKUP_ERRORS, NOT_FOUND_ERROR } from '../error-answer.ts'
import { manyExample } from '../examples.ts'
import { type Explain, explainSchema } from '../explain.ts'
import { type FindDeps, findCustomer, findCustomers } from '../find-customers.ts'
import { explainExample } from '../model-examples.ts'
import type { Rescorer } from '../rescorer.ts'
import { rfmAnswer, rfmAnswerSchema } from '../rfm-answer.ts'

export interface CustomerRouteDeps extends FindDeps {
  readonly rescorer: Rescorer
  readonly explain: Explain
}

const IDS_MAX = 100

const byId = Type.Object({
  id: Type.String({
    minLength: 1,
    description: `Customer id, 1 to ${MAX_CUSTOMER_ID_BYTES} bytes of UTF-8, percent-encoded (a slash is %2F).`,
    examples: ['c-1001'],
  }),
})
const asOfQuery = Type.Object({ asOf: asOfSchema }, { additionalProperties: false })
const idsQuery = Type.Object(
  {
    ids: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      maxItems: IDS_MAX,
      description: 'Ids with commas between them; a comma inside an id is %2C. Repeating the parameter adds ids.',
      examples: [['c-1001', 'c-1002']],
    }),
    asOf: asOfSchema,
  },
  { additionalProperties: false },
)
const manySchema = Type.Object(
  {
    found: Type.Array(customerAnswerRef, { description: 'In the order of the ids.' }),
    missing: Type.Array(Type.String(), { description: 'Ids that no event has had.' }),
    rebuilding: Type.Array(Type.String(), { description: 'Ids of which nothing can be said now.' }),
    partial: Type.Boolean({ description: 'true: a partition is being rebuilt, and ids of it were asked for.' }),
  },
  { examples: [manyExample] },
)

/** Lookups by id. */
export function customerRoutes(app: App, deps: CustomerRouteDeps): void {
  app.get(
    '/v1/customers/:id',
    {
      schema: {
        tags: ['customers'],
        summary: 'One customer: features, scores and reasons, as stored and as of now',
        params: byId,
        querystring: asOfQuery,
        response: { 200: customerAnswerRef, ...LOOKUP_ERRORS, ...NOT_FOUND_ERROR },
      },
    },
    async (request) => {
      const stored = await findCustomer(deps, request.tenantId, checkedCustomerId(request.params.id, 'id'))
      return customerAnswer(deps.rescorer, stored, deps.now(), request.query.asOf)
    },
  )
  app.get(
    '/v1/customers/:id/rfm',
    {
      schema: {
        tags: ['customers'],
        summary: 'Recency, frequency and monetary value of a customer',
        description: 'r, f, m and segment are null until the population of the tenant is known.',
        params: byId,
        querystring: Type.Object({}, { additionalProperties: false }),
        response: { 200: rfmAnswerSchema, ...LOOKUP_ERRORS, ...NOT_FOUND_ERROR },
      },
    },
    async (request) => {
      const stored = await findCustomer(deps, request.tenantId, checkedCustomerId(request.params.id, 'id'))
      return rfmAnswer(stored, deps.now())
    },
  )
  app.get(
    '/v1/customers/:id/explain',
    {
      schema: {
        tags: ['customers'],
        summary: 'Why a customer has his scores, in words, and what would help most',
        params: byId,
        querystring: Type.Object(
          { lang: Type.Enum(LANGUAGES, { default: 'en', description: 'Of the words.' }) },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object(explainSchema.properties, { examples: [explainExample] }),
          ...LOOKUP_ERRORS,
          ...NOT_FOUND_ERROR,
        },
      },
    },
    async (request) => {
      const stored = await findCustomer(deps, request.tenantId, checkedCustomerId(request.params.id, 'id'))
      return deps.explain(stored, request.query.lang)
    },
  )
  app.get(
    '/v1/customers',
    {
      schema: {
        tags: ['customers'],
        summary: 'Many customers by id',
        querystring: idsQuery,
        response: { 200: manySchema, ...LOOKUP_ERRORS },
      },
    },
    async (request) => {
      const { ids, asOf } = request.query
      const wanted = ids.map((id) => checkedCustomerId(id, 'ids'))
      const { found, missing, rebuilding } = await findCustomers(deps, request.tenantId, wanted)
      // Nothing but ids of which nothing can be said is no answer.
      if (rebuilding.length > 0 && found.length + missing.length === 0) {
        throw new AppError('REBUILDING', 'the partitions of these customers are being rebuilt', { retryable: true })
      }
      const now = deps.now()
      const answer: Static<typeof manySchema> = {
        found: found.map((stored) => customerAnswer(deps.rescorer, stored, now, asOf)),
        missing,
        rebuilding,
        partial: rebuilding.length > 0,
      }
      return answer
    },
  )
}
