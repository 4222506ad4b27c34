import type { Customer } from '../../schemas/avro/customer.ts'
import type { ScoreChange } from '../../schemas/avro/score-change.ts'
import { customerKey } from '../../schemas/partition.ts'

export type ChangeFacts = Pick<ScoreChange, 'changeId' | 'tenantId' | 'customerId' | 'kind' | 'from' | 'to'>

/**
 * The changes of each customer are one chain: the first from null, each from where the one before went to, the last to
 * what the customer's newest record holds.
 * @param changes in the order of the topic
 * @param newest the newest `customers` record by key
 */
export function checkChanges(changes: readonly ChangeFacts[], newest: ReadonlyMap<string, Customer>): string[] {
  const mismatches: string[] = []
  const ids = new Set<string>()
  const held = new Map<string, string>()
  for (const { changeId, tenantId, customerId, kind, from, to } of changes) {
    if (ids.has(changeId)) mismatches.push(`change ${changeId} is there twice`)
    ids.add(changeId)
    const chain = `${kind} of ${customerKey(tenantId, customerId)}`
    const before = held.get(chain) ?? null
    if (from !== before) mismatches.push(`${chain} goes from ${from} to ${to}, but was ${before}`)
    held.set(chain, to)
  }
  for (const [key, { lead, churn }] of newest) {
    for (const [kind, now] of Object.entries({ lead: lead.grade, churn: churn.band })) {
      const last = held.get(`${kind} of ${key}`) ?? null
      if (last !== now) mismatches.push(`${kind} of ${key} is ${now}, but the last change went to ${last}`)
    }
  }
  return mismatches
}
