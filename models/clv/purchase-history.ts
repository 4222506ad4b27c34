/** What BG/NBD and Gamma-Gamma need to know of a customer who bought at least once; times in one unit, here days. */
export interface PurchaseHistory {
  /** Purchases after the first (x). */
  readonly repeats: number
  /** Time from the first purchase to the last (t_x), 0 without a repeat. */
  readonly recency: number
  /** Time from the first purchase to now (T), at least `recency`. */
  readonly age: number
}
