import { readInvoices } from '../../demo/books/read-invoices.ts'
import { DAY_MS } from '../../models/counters.ts'
import { compileModel } from '../../models/linear-model.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import { createEventContext } from '../../processors/event-context.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import type { CustomerState } from '../../schemas/customer-state.ts'
import { cloneState, newCustomerState } from '../../schemas/new-state.ts'
import { createScoring } from '../../topology/scoring.ts'
import type { TrainingExample } from '../../training/example.ts'

const HORIZON_MS = 90 * DAY_MS

export interface Purchase extends TrainingExample {
  readonly eventId: string
}

/**
 * An example at each purchase, with the features that the pipeline has just after it: label 1 if the customer buys again
 * within 90 days. Every label, also a 1, counts as known when the 90 days are over; purchases of the last 90 days of the file
 * have none.
 */
export async function readPurchases(path: string): Promise<Purchase[]> {
  const transactions = await readInvoices(path)
  const end = transactions.at(-1)!.occurredAt
  const next = nextPurchases(transactions)
  return featuresAfter(transactions).flatMap(({ transaction, features }): Purchase[] => {
    const { type, occurredAt, customerId, eventId } = transaction
    if (type !== 'PURCHASE' || occurredAt + HORIZON_MS > end) return []
    const label = (next.get(eventId) ?? Number.POSITIVE_INFINITY) <= occurredAt + HORIZON_MS ? 1 : 0
    const knownAt = occurredAt + HORIZON_MS
    return [{ eventId, customer: customerId, at: occurredAt, knownAt, label, features, traits: [] }]
  })
}

/** Purchase → the time of the customer's next one. */
function nextPurchases(transactions: readonly Transaction[]): Map<string, number> {
  const next = new Map<string, number>()
  const last = new Map<string, string>()
  for (const { type, customerId, eventId, occurredAt } of transactions) {
    if (type !== 'PURCHASE') continue
    const before = last.get(customerId)
    if (before !== undefined) next.set(before, occurredAt)
    last.set(customerId, eventId)
  }
  return next
}

function featuresAfter(transactions: readonly Transaction[]) {
  const scoring = createScoring()
  const context = createEventContext()
  context.models = { lead: compileModel(LEAD_PRIOR), churn: compileModel(CHURN_PRIOR) }
  context.now = transactions.at(-1)!.occurredAt
  const states = new Map<string, CustomerState>()
  return transactions.map((transaction) => {
    const known = states.get(transaction.customerId)
    context.input = { topic: 'transactions', event: transaction }
    context.tenantId = transaction.tenantId
    context.customerId = transaction.customerId
    context.draft = known === undefined ? newCustomerState() : cloneState(known)
    const outcome = scoring.process(context)
    if (outcome.kind !== 'forward') throw new Error(`${transaction.eventId} was not scored: ${outcome.kind}`)
    states.set(transaction.customerId, context.draft)
    return { transaction, features: context.features.slice() }
  })
}
