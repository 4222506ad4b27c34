import { type Static, Type } from 'typebox'
import type { CrossSell } from '../../schemas/avro/cross-sell.ts'
import type { App } from '../app.ts'
import { LOOKUP_ERRORS } from '../error-answer.ts'
import { crossSellExample } from '../examples.ts'
import { encodedName, findWindow, mustBeTrusted, type ResultDeps, scopeOf, windowQuery } from '../find-results.ts'
import { newestOf, totalOrdersOf } from '../total-orders.ts'

const LIMIT_DEFAULT = 20
const LIMIT_MAX = 500
const NAME_MAX = 256

const common = {
  limit: Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT }),
  ...windowQuery,
}
const name = (description: string) => Type.String({ minLength: 1, maxLength: NAME_MAX, description })
const itemQuery = Type.Object(common, { additionalProperties: false })
const categoryQuery = Type.Object(
  { category: name('Category as in the lines of orders.'), ...common },
  { additionalProperties: false },
)
const partnerSchema = Type.Object({
  id: Type.String({ description: 'The other item or category.' }),
  orders: Type.Integer({ description: 'Orders with both.' }),
  ordersOfIt: Type.Integer({ description: 'Orders with the other one.' }),
  support: Type.Number(),
  confidence: Type.Number({ description: 'Share of the orders with the one asked about that have the other too.' }),
  confidenceBack: Type.Number({ description: 'The other way round.' }),
  lift: Type.Number({ description: '1: bought independently.' }),
  maxError: Type.Integer({ description: 'Counts are at most this much too low; 0: exact.' }),
  final: Type.Boolean(),
  revision: Type.Integer(),
})
const answerSchema = Type.Object(
  {
    level: Type.String({ description: 'item or category' }),
    id: Type.String(),
    windowStart: Type.Union([Type.Integer(), Type.Null()], { description: 'null: there is no such window.' }),
    windowEnd: Type.Union([Type.Integer(), Type.Null()], { description: 'null: since ever.' }),
    orders: Type.Integer({ description: 'Orders with the one asked about; 0: nothing is bought together with it.' }),
    totalOrders: Type.Integer({ description: 'Of the window.' }),
    partners: Type.Array(partnerSchema, { description: 'Highest confidence first.' }),
  },
  { examples: [crossSellExample] },
)
type Answer = Static<typeof answerSchema>

interface Asked {
  readonly level: 'item' | 'category'
  readonly id: string
  readonly limit: number
  readonly window: string
  readonly at?: number
}

/** What is bought together. */
export function crossSellRoutes(app: App, deps: ResultDeps): void {
  app.get(
    '/v1/cross-sell/:itemId',
    {
      schema: {
        tags: ['results'],
        summary: 'Items that are bought together with an item',
        params: Type.Object({ itemId: name('Item id, percent-encoded.') }),
        querystring: itemQuery,
        response: { 200: answerSchema, ...LOOKUP_ERRORS },
      },
    },
    (request) => answer(deps, request.tenantId, { level: 'item', id: request.params.itemId, ...request.query }),
  )
  app.get(
    '/v1/cross-sell',
    {
      schema: {
        tags: ['results'],
        summary: 'Categories that are bought together with a category',
        querystring: categoryQuery,
        response: { 200: answerSchema, ...LOOKUP_ERRORS },
      },
    },
    (request) => answer(deps, request.tenantId, { level: 'category', id: request.query.category, ...request.query }),
  )
}

async function answer(deps: ResultDeps, tenantId: string, { level, id, limit, window, at }: Asked): Promise<Answer> {
  const of = scopeOf(deps, tenantId, level)
  const found = await findWindow(deps, of, { window, ...(at === undefined ? {} : { at }) })
  if (found === null) {
    return { level, id, windowStart: null, windowEnd: null, orders: 0, totalOrders: 0, partners: [] }
  }
  const read = await deps.results.partners(of, found, encodedName(id, level === 'item' ? 'itemId' : 'category'), limit)
  const { values } = await mustBeTrusted(deps, of, read)
  const pairs = await Promise.all(values.map(deps.decodeCrossSell))
  const [start, end] = found.split('/') as [string, string]
  const newest = newestOf(pairs)
  return {
    level,
    id,
    windowStart: Number(start),
    windowEnd: end === '' ? null : Number(end),
    orders: newest === undefined ? 0 : newest.a === id ? newest.ordersA : newest.ordersB,
    totalOrders: newest?.totalOrders ?? (await totalOrdersOf(deps, of, found)),
    partners: pairs.map((pair) => partnerOf(pair, id)),
  }
}

function partnerOf(pair: CrossSell, id: string): Answer['partners'][number] {
  const { orders, support, lift, maxError, final, revision } = pair
  const isA = pair.a === id
  return {
    id: isA ? pair.b : pair.a,
    orders,
    ordersOfIt: isA ? pair.ordersB : pair.ordersA,
    support,
    confidence: isA ? pair.confidenceAB : pair.confidenceBA,
    confidenceBack: isA ? pair.confidenceBA : pair.confidenceAB,
    lift,
    maxError,
    final,
    revision,
  }
}
