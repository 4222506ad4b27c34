import type { PopulationMove } from '../schemas/avro/population-delta.ts'
import type { CustomerState } from '../schemas/customer-state.ts'

/** What of a customer the histograms know. */
export type Placing = Pick<CustomerState, 'place' | 'standing'>

/** Adds up what the customers of one batch change in the histograms of their tenant's population. */
export class PopulationMoves {
  readonly #moves = new Map<string, PopulationMove>()

  /** @param before of the customer's state before the batch @param after of that after it; null: there is none */
  add(before: Placing | null, after: Placing | null): void {
    const [from, to] = [before?.place ?? null, after?.place ?? null]
    if (from !== to) {
      if (from !== null) this.#countPlace(from, -1)
      if (to !== null) this.#countPlace(to, 1)
    }
    const [left, entered] = [totalOf(before), totalOf(after)]
    if (left === entered) return
    if (left > 0) this.#count('totals', '', left, -1)
    if (entered > 0) this.#count('totals', '', entered, 1)
  }

  /** Buckets that gained or lost customers; what came and went is nothing. */
  all(): PopulationMove[] {
    return [...this.#moves.values()].filter(({ customers }) => customers !== 0)
  }

  #countPlace({ day, frequency, monetary, currency }: NonNullable<CustomerState['place']>, customers: number): void {
    this.#count('recency', '', day, customers)
    this.#count('frequency', '', frequency, customers)
    this.#count('monetary', currency, monetary, customers)
  }

  #count(measure: PopulationMove['measure'], currency: string, bucket: number, customers: number): void {
    const name = `${measure}/${currency}/${bucket}`
    const move = this.#moves.get(name)
    if (move === undefined) this.#moves.set(name, { measure, currency, bucket, customers })
    else move.customers += customers
  }
}

/** The RFM total that a customer was given, 0 for none. */
function totalOf(state: Placing | null): number {
  const standing = state?.standing ?? null
  return standing === null ? 0 : standing.r + standing.f + standing.m
}
