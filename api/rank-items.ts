import { AppError } from '../schemas/errors.ts'
import { mustBeTrusted, type ResultDeps } from './find-results.ts'
import type { ResultScope } from './result-lookup.ts'

/** A window with more pairs isn't ranked: reading them all would hold Redis and this server up. */
const PAIRS_MAX = 200_000
const PAGE = 1_000

/**
 * Items (or categories) of a window with a partner, by orders, descending; of equal ones those first that sort first.
 * Results that move meanwhile count as they are when they are read.
 * @throws AppError INPUT_INVALID when there are too many pairs
 */
export async function rankItems(deps: ResultDeps, of: ResultScope, window: string): Promise<string[]> {
  const newest = new Map<string, { readonly orders: number; readonly updatedAt: number }>()
  const see = (item: string, orders: number, updatedAt: number): void => {
    const known = newest.get(item)
    if (known === undefined || updatedAt > known.updatedAt) newest.set(item, { orders, updatedAt })
  }
  let cursor = '0'
  do {
    const page = await mustBeTrusted(deps, of, await deps.results.pairs(of, window, cursor, PAGE))
    if (page.count > PAIRS_MAX) {
      const problem = `the window has ${page.count} pairs, too many to rank their items: name the ids that are wanted`
      throw new AppError('INPUT_INVALID', problem, { details: { field: 'ids', in: 'query' } })
    }
    for (const { a, b, ordersA, ordersB, updatedAt } of await Promise.all(page.values.map(deps.decodeCrossSell))) {
      see(a, ordersA, updatedAt)
      see(b, ordersB, updatedAt)
    }
    cursor = page.cursor
  } while (cursor !== '0')
  return [...newest].sort(([a, { orders: x }], [b, { orders: y }]) => y - x || (a < b ? -1 : 1)).map(([item]) => item)
}
