import { type Static, Type, Unsafe } from 'typebox'
import { type Customer, customerSchema } from '../../schemas/avro/customer.ts'
import { jsonProperties } from '../../schemas/json-schema.ts'
import { INDEX_SCALE, TOP_INDEXES, type TopIndex } from '../../schemas/redis-keys.ts'
import type { App } from '../app.ts'
import type { TopEntry } from '../customer-lookup.ts'
import { LOOKUP_ERRORS } from '../error-answer.ts'
import { topExample } from '../examples.ts'
import { type FindDeps, findCustomers } from '../find-customers.ts'
import { decodeTopCursor, encodeTopCursor } from '../top-cursor.ts'
import { readTopPage } from '../top-page.ts'

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 500

const topQuery = Type.Object(
  {
    by: Unsafe<TopIndex>({
      type: 'string',
      enum: [...TOP_INDEXES],
      description: 'lead: probability to convert; churn: risk to leave; recent: newest event first.',
    }),
    limit: Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT }),
    cursor: Type.Optional(Type.String({ maxLength: 2048, description: '`next` of the page before.' })),
  },
  { additionalProperties: false },
)

const { customerId, asOf, lead, churn } = jsonProperties(customerSchema)
const itemSchema = Type.Object({
  customerId,
  value: Type.Number({ description: 'What the list is sorted by: probability, risk, or newest event time in ms.' }),
  asOf,
  lead,
  churn,
})
const topSchema = Type.Object(
  {
    by: topQuery.properties.by,
    items: Type.Array(itemSchema, {
      description: 'Highest value first; equal values by the bytes of the id, highest first.',
    }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'The cursor of the next page; null: there is none.',
    }),
    partial: Type.Boolean({ description: 'true: partitions are being rebuilt, and their customers left out.' }),
  },
  { examples: [topExample] },
)

/** The top lists of a tenant. */
export function topRoute(app: App, deps: FindDeps): void {
  app.get(
    '/v1/top',
    {
      schema: {
        tags: ['lists'],
        summary: 'Customers with the highest lead probability, churn risk, or newest event',
        description:
          'Values are as stored: as of each customer’s newest event. While no customer moves, pages neither repeat nor skip one.',
        querystring: topQuery,
        response: { 200: topSchema, ...LOOKUP_ERRORS },
      },
    },
    async (request): Promise<Static<typeof topSchema>> => {
      const { by, limit, cursor } = request.query
      const after = cursor === undefined ? {} : { after: decodeTopCursor(by, cursor) }
      const { entries, more, left } = await readTopPage(deps, request.tenantId, { index: by, limit, ...after })
      const ids = entries.map((entry) => entry.id.toString())
      const { found, rebuilding } = await findCustomers(deps, request.tenantId, ids)
      const customers = new Map(found.map((customer) => [customer.customerId, customer]))
      return {
        by,
        // Somebody who was erased since the index was read is left out.
        items: entries.flatMap((entry) => itemOf(by, entry, customers.get(entry.id.toString()))),
        next: more ? encodeTopCursor(by, entries.at(-1)!) : null,
        partial: left.length + rebuilding.length > 0,
      }
    },
  )
}

function itemOf(by: TopIndex, { score }: TopEntry, customer: Customer | undefined): Static<typeof itemSchema>[] {
  if (customer === undefined) return []
  const value = by === 'recent' ? score : score / INDEX_SCALE
  return [{ customerId: customer.customerId, value, asOf: customer.asOf, lead: customer.lead, churn: customer.churn }]
}
