import { type Static, Type } from 'typebox'
import type { CrossSell } from '../../schemas/avro/cross-sell.ts'
import type { App } from '../app.ts'
import { LOOKUP_ERRORS } from '../error-answer.ts'
import { crossSellMatrixExample } from '../examples.ts'
import { encodedName, findWindow, mustBeTrusted, type ResultDeps, scopeOf, windowQuery } from '../find-results.ts'
import { rankItems } from '../rank-items.ts'
import type { ResultScope } from '../result-lookup.ts'
import { newestOf, totalOrdersOf } from '../total-orders.ts'

const IDS_MAX = 100
const NAME_MAX = 256

const matrixQuery = Type.Object(
  {
    level: Type.Union([Type.Literal('item'), Type.Literal('category')], {
      default: 'item',
      description: 'What rows and columns are.',
    }),
    ids: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: NAME_MAX }), {
        minItems: 1,
        maxItems: IDS_MAX,
        uniqueItems: true,
        description:
          'Rows and columns, with commas between them (a comma inside an id is %2C); without: those in most orders.',
      }),
    ),
    limit: Type.Integer({
      minimum: 1,
      maximum: IDS_MAX,
      default: 20,
      description: 'Rows and columns where no ids are given.',
    }),
    metric: Type.Union([Type.Literal('confidence'), Type.Literal('lift')], {
      default: 'confidence',
      description:
        'confidence: orders with both / orders with the row; lift: confidence / share of all orders with the column.',
    }),
    minOrders: Type.Integer({ minimum: 1, default: 1, description: 'Pairs in fewer orders count as none.' }),
    ...windowQuery,
  },
  { additionalProperties: false },
)

const matrixAnswer = Type.Object(
  {
    level: Type.String(),
    metric: Type.String(),
    windowStart: Type.Union([Type.Integer(), Type.Null()], { description: 'null: there is no such window.' }),
    windowEnd: Type.Union([Type.Integer(), Type.Null()], { description: 'null: since ever.' }),
    ids: Type.Array(Type.String(), { description: 'Of rows and columns: as asked for, else by orders, descending.' }),
    orders: Type.Array(Type.Integer(), { description: 'With each of them; 0: never together with anything.' }),
    matrix: Type.Array(Type.Array(Type.Number()), {
      description: 'A row for each id; 0: never together, or in too few orders (minOrders, and that of the settings).',
    }),
    totalOrders: Type.Integer({ description: 'Of the window.' }),
    maxError: Type.Integer({ description: 'Counts behind the matrix are at most this much too low; 0: exact.' }),
    final: Type.Boolean({ description: 'All of it is of a closed window.' }),
    truncated: Type.Boolean({ description: 'true: there are more items than limit.' }),
    generatedAt: Type.Integer({ description: 'Epoch ms: when it was read.' }),
  },
  { examples: [crossSellMatrixExample] },
)
type Answer = Static<typeof matrixAnswer>
type Query = Static<typeof matrixQuery>

/** What is bought together, as a matrix. */
export function crossSellMatrixRoute(app: App, deps: ResultDeps): void {
  app.get(
    '/v1/cross-sell-matrix',
    {
      schema: {
        tags: ['results'],
        summary: 'Items, or categories, that are bought together, each with each',
        description: 'One atomic look at the results; where no ids are given, the ranking before it is another.',
        querystring: matrixQuery,
        response: { 200: matrixAnswer, ...LOOKUP_ERRORS },
      },
    },
    (request) => answer(deps, request.tenantId, request.query),
  )
}

async function answer(deps: ResultDeps, tenantId: string, query: Query): Promise<Answer> {
  const { level, metric, limit } = query
  const of = scopeOf(deps, tenantId, level)
  const window = await findWindow(deps, of, query)
  const ranked = query.ids ?? (window === null ? [] : await rankItems(deps, of, window))
  const ids = query.ids ?? ranked.slice(0, limit)
  const names = new Map(ids.map((id) => [id, encodedName(id, 'ids')]))
  const pairs = window === null ? [] : await pairsAmong(deps, of, window, names)
  const orders = new Map<string, number>()
  for (const { a, b, ordersA, ordersB } of pairs.toSorted((one, other) => one.updatedAt - other.updatedAt)) {
    orders.set(a, ordersA).set(b, ordersB)
  }
  const newest = newestOf(pairs)
  const totalOrders = newest?.totalOrders ?? (window === null ? 0 : await totalOrdersOf(deps, of, window))
  const cells = cellsOf(pairs, query)
  const diagonal = (id: string): number => {
    const count = orders.get(id) ?? 0
    return count === 0 ? 0 : metric === 'confidence' ? 1 : totalOrders / count
  }
  const [start = null, end = ''] = window?.split('/') ?? []
  return {
    level,
    metric,
    windowStart: start === null ? null : Number(start),
    windowEnd: end === '' ? null : Number(end),
    ids,
    orders: ids.map((id) => orders.get(id) ?? 0),
    matrix: ids.map((row) =>
      ids.map((column) => (row === column ? diagonal(row) : (cells.get(row)?.get(column) ?? 0))),
    ),
    totalOrders,
    maxError: pairs.reduce((most, pair) => Math.max(most, pair.maxError), 0),
    final: pairs.length > 0 && pairs.every((pair) => pair.final),
    truncated: ranked.length > ids.length,
    generatedAt: deps.now(),
  }
}

/** The pairs among some items; of an item with no partner among them one with another, for its orders. */
async function pairsAmong(
  deps: ResultDeps,
  of: ResultScope,
  window: string,
  names: ReadonlyMap<string, string>,
): Promise<CrossSell[]> {
  // Keys of pairs are in this order.
  const sorted = [...names.keys()].sort((a, b) => (a < b ? -1 : 1)).map((id) => names.get(id)!)
  const fields = sorted.flatMap((a, i) => sorted.slice(i + 1).map((b) => `${a}+${b}`))
  const read =
    fields.length === 0 ? [] : (await mustBeTrusted(deps, of, await deps.results.results(of, [window], fields))).values
  const among = await Promise.all(read.map(deps.decodeCrossSell))
  const known = new Set(among.flatMap(({ a, b }) => [a, b]))
  const alone = [...names].filter(([id]) => !known.has(id))
  const others = await Promise.all(
    alone.map(async ([, name]) => {
      const { values } = await mustBeTrusted(deps, of, await deps.results.partners(of, window, name, 1))
      return Promise.all(values.map(deps.decodeCrossSell))
    }),
  )
  return [...among, ...others.flat()]
}

function cellsOf(pairs: readonly CrossSell[], { metric, minOrders }: Query): Map<string, Map<string, number>> {
  const cells = new Map<string, Map<string, number>>()
  const set = (row: string, column: string, value: number): void => {
    const values = cells.get(row)
    if (values === undefined) cells.set(row, new Map([[column, value]]))
    else values.set(column, value)
  }
  for (const { a, b, orders, confidenceAB, confidenceBA, lift } of pairs) {
    if (orders < minOrders) continue
    set(a, b, metric === 'lift' ? lift : confidenceAB)
    set(b, a, metric === 'lift' ? lift : confidenceBA)
  }
  return cells
}
