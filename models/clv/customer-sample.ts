import type { CustomerState } from '../../schemas/customer-state.ts'
import { murmur2 } from '../../schemas/partition.ts'

/** What of a customer's state CLV is fitted from and computed with. */
export type PurchaseSummary = Pick<
  CustomerState,
  'firstPurchaseAt' | 'lastPurchaseAt' | 'purchaseDays' | 'money' | 'reporting'
>

/**
 * At most so many of a tenant's customers who bought, chosen by their keys: the same customers whatever the order in which
 * they come, each by his newest summary. When there are too many, half of all keys is given up.
 */
export class CustomerSample {
  readonly #limit: number
  readonly #summaries = new Map<string, PurchaseSummary>()
  /** Keys whose hash has one of these bits are not in it. */
  #mask = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @param state null: the customer was erased */
  put(key: string, state: PurchaseSummary | null): void {
    if ((hashOf(key) & this.#mask) !== 0) return
    if (state === null || state.purchaseDays === 0) {
      this.#summaries.delete(key)
      return
    }
    const { firstPurchaseAt, lastPurchaseAt, purchaseDays, money, reporting } = state
    this.#summaries.set(key, { firstPurchaseAt, lastPurchaseAt, purchaseDays, money, reporting })
    while (this.#summaries.size > this.#limit) {
      this.#mask = 2 * this.#mask + 1
      for (const each of this.#summaries.keys()) if ((hashOf(each) & this.#mask) !== 0) this.#summaries.delete(each)
    }
  }

  /** In the order of their keys. */
  summaries(): PurchaseSummary[] {
    return [...this.#summaries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, summary]) => summary)
  }
}

/** The high bits: the low ones decide the partition. */
function hashOf(key: string): number {
  return murmur2(Buffer.from(key)) >>> 8
}
