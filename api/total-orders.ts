import { mustBeTrusted, type ResultDeps } from './find-results.ts'
import type { ResultScope } from './result-lookup.ts'

const PAGE = 100

/** Orders of a window, by whatever pair there is: each is sent again when only the totals moved (crossSell.refreshMs). */
export async function totalOrdersOf(deps: ResultDeps, of: ResultScope, window: string): Promise<number> {
  let cursor = '0'
  do {
    const page = await mustBeTrusted(deps, of, await deps.results.pairs(of, window, cursor, PAGE))
    const pairs = await Promise.all(page.values.map(deps.decodeCrossSell))
    const newest = pairs.toSorted((one, other) => other.updatedAt - one.updatedAt)[0]
    if (newest !== undefined) return newest.totalOrders
    cursor = page.cursor
  } while (cursor !== '0')
  return 0
}
