import type { CrossSell } from '../schemas/avro/cross-sell.ts'
import { mustBeTrusted, type ResultDeps } from './find-results.ts'
import type { ResultScope } from './result-lookup.ts'

const PAGE = 100

/** The pair that was sent last: its totals are the newest. */
export function newestOf(pairs: readonly CrossSell[]): CrossSell | undefined {
  return pairs.toSorted((one, other) => other.updatedAt - one.updatedAt)[0]
}

/** Orders of a window, by whatever pair there is: each is sent again when only the totals moved (crossSell.refreshMs). */
export async function totalOrdersOf(deps: ResultDeps, of: ResultScope, window: string): Promise<number> {
  let cursor = '0'
  do {
    const page = await mustBeTrusted(deps, of, await deps.results.pairs(of, window, cursor, PAGE))
    const pairs = await Promise.all(page.values.map(deps.decodeCrossSell))
    const newest = newestOf(pairs)
    if (newest !== undefined) return newest.totalOrders
    cursor = page.cursor
  } while (cursor !== '0')
  return 0
}
