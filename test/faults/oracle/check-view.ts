import type { Customer } from '../../../schemas/avro/customer.ts'
import { decodeState } from '../../../schemas/state-codec.ts'
import type { PartitionEvidence } from './evidence.ts'
import type { Report } from './findings.ts'

const PARTS = 1_000_000_000

/** A customer as his newest record shows him. */
export interface Newest {
  readonly value: Buffer
  readonly customer: Customer
}

/** Redis holds each customer's newest record byte for byte, the lists that follow from them, and nobody else. */
export function checkView(
  { view, customers, partition }: PartitionEvidence,
  newest: ReadonlyMap<string, Newest>,
  report: Report,
): void {
  const end = customers.length === 0 ? 0 : customers.at(-1)!.offset + 1
  if ((view.offset ?? 0) < end) report('different', `partition ${partition} stands at ${view.offset}, not ${end}`)
  if (view.rebuilding) report('different', `partition ${partition} is marked as rebuilding`)
  for (const [key, { value }] of newest) {
    if (view.customers.get(key)?.equals(value) !== true) report('different', `${key} is not its newest record`)
  }
  for (const key of view.customers.keys()) {
    if (!newest.has(key)) report('different', `${key} is in Redis, but not in customers`)
  }
  const expected = topsOf([...newest.values()].map(({ customer }) => customer))
  for (const name of new Set([...expected.keys(), ...view.tops.keys()])) {
    const wanted = expected.get(name) ?? new Map<string, number>()
    const found = view.tops.get(name) ?? new Map<string, number>()
    for (const [id, score] of wanted) {
      if (found.get(id) !== score) report('different', `${name} has ${id} at ${found.get(id)}, not ${score}`)
    }
    for (const id of found.keys()) if (!wanted.has(id)) report('different', `${name} has ${id}, who is nobody`)
  }
  for (const tenant of new Set([...newest.values()].map(({ customer }) => customer.tenantId))) {
    if (!view.tenants.includes(tenant)) report('different', `${tenant} is not among the tenants of ${partition}`)
  }
}

/** Lead probability and churn risk in parts of a thousand million, and the newest event time in ms. */
function topsOf(customers: readonly Customer[]): Map<string, Map<string, number>> {
  const tops = new Map<string, Map<string, number>>()
  for (const { tenantId, customerId, lead, churn, state } of customers) {
    const scores = {
      lead: Math.round(lead.probability * PARTS),
      churn: Math.round(churn.risk * PARTS),
      recent: state.length === 0 ? 0 : decodeState(state).newestAt,
    }
    for (const [index, score] of Object.entries(scores)) {
      const name = `${index}/${tenantId}`
      tops.set(name, (tops.get(name) ?? new Map()).set(customerId, score))
    }
  }
  return tops
}
