import type { Customer } from '../../../schemas/avro/customer.ts'
import { decodeState } from '../../../schemas/state-codec.ts'
import type { RedisView } from './evidence.ts'
import type { Report } from './findings.ts'

/**
 * A tenant's stream time is the newest event time that was scored. A view that was rebuilt can't know of customers who were
 * erased before: then it is at least that of those who are still there.
 * @param scored every customers record of cause event that was not a tombstone, newest event time by tenant
 */
export function checkStreamTimes(
  { streamTimes }: RedisView,
  scored: ReadonlyMap<string, number>,
  present: Iterable<Customer>,
  report: Report,
): void {
  const least = new Map<string, number>()
  for (const { tenantId, state } of present) {
    // One without a state has been told of.
    if (state.length > 0) least.set(tenantId, Math.max(least.get(tenantId) ?? 0, decodeState(state).newestAt))
  }
  for (const [tenantId, from] of least) {
    const at = streamTimes.get(tenantId)
    const to = scored.get(tenantId) ?? from
    if (at === undefined || at < from || at > to) {
      report('different', `stream time of ${tenantId} is ${at}, not ${from === to ? to : `${from} to ${to}`}`)
    }
  }
}
