import type { TopEntry, TopQuery } from './customer-lookup.ts'
import { isTrusted, type TrustDeps } from './partition-trust.ts'

export interface TopPage {
  readonly entries: readonly TopEntry[]
  /** Whether entries follow after the last of this page. */
  readonly more: boolean
  /** Partitions that are being rebuilt: their customers are left out. */
  readonly left: readonly number[]
}

/**
 * One page of a tenant's list over all partitions. The work is bounded by partitions × limit, however many customers
 * there are and however many share one score. While no score moves, pages neither repeat nor skip anybody.
 */
export async function readTopPage(deps: TrustDeps, tenantId: string, query: TopQuery): Promise<TopPage> {
  // One more than asked for: it says whether there is a next page.
  const wanted = { ...query, limit: query.limit + 1 }
  const left: number[] = []
  const slices = await Promise.all(
    Array.from({ length: deps.partitions }, async (_, partition) => {
      const top = await deps.lookup.top(partition, tenantId, wanted)
      if (await isTrusted(deps, partition, top)) return top.entries
      left.push(partition)
      return []
    }),
  )
  const merged = slices.flat().sort(compareTopEntries)
  return {
    entries: merged.slice(0, query.limit),
    more: merged.length > query.limit,
    left: left.sort((one, other) => one - other),
  }
}

/** The order of the lists: the higher score first, then the id whose UTF-8 bytes are higher. It is total. */
export function compareTopEntries(one: TopEntry, other: TopEntry): number {
  return other.score - one.score || Buffer.compare(other.id, one.id)
}
