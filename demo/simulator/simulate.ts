import type { Transaction } from '../../schemas/avro/transaction.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'
import { compareEvents } from './event-order.ts'
import { simulateCustomer } from './simulate-customer.ts'

/**
 * Browsing, mails, complaints, survey answers and what became of leads, as they could have happened around real
 * transactions, in time order. Made up, and tagged so: ids begin with `sim-`, properties, attributes or traits have
 * `simulated: 'true'`. A pure function of transactions and seed: the same again gives the same again, and a customer's
 * events depend on his transactions only (and on the time of the last of all, after which there are none). Holds
 * everything in memory.
 */
export function simulate(transactions: Iterable<Transaction>, { seed }: { readonly seed: number }): InputEvent[] {
  const all = [...transactions].sort((a, b) => a.occurredAt - b.occurredAt)
  const until = all.at(-1)?.occurredAt ?? 0
  const byCustomer = Map.groupBy(all, ({ tenantId, customerId }) => customerKey(tenantId, customerId))
  const events: InputEvent[] = []
  for (const [first, ...others] of byCustomer.values()) {
    const { tenantId, customerId, properties } = first!
    const owner = { tenantId, customerId, region: properties['country'] ?? 'unknown', until }
    for (const event of simulateCustomer([first!, ...others], { owner, seed })) events.push(event)
  }
  return events.sort(compareEvents)
}
