/** So many pages a second at most: each makes a batch wait for Redis. */
const PAGES_PER_SECOND = 10

/**
 * How many stored customers may be scored anew now, over all tasks of a worker: live events come first. A bucket that fills
 * at a steady rate up to a page; a page that turned out larger is paid off before the next.
 */
export class RefreshRate {
  readonly #perSecond: number
  readonly #now: () => number
  readonly #page: number
  #saved: number
  #at: number

  /** @param largestPage no page is larger, whatever the rate */
  constructor(perSecond: number, largestPage: number, now: () => number) {
    this.#perSecond = perSecond
    this.#now = now
    this.#page = Math.min(largestPage, Math.ceil(perSecond / PAGES_PER_SECOND))
    this.#saved = this.#page
    this.#at = now()
  }

  /** Customers of the next page. */
  get page(): number {
    return this.#page
  }

  /** Until the next page, ms; 0: now. */
  waitMs(): number {
    const now = this.#now()
    // A clock that was put back gives nothing and takes nothing.
    this.#saved += (Math.max(0, now - this.#at) * this.#perSecond) / 1_000
    this.#saved = Math.min(this.#page, this.#saved)
    this.#at = now
    return Math.max(0, Math.ceil(((this.#page - this.#saved) * 1_000) / this.#perSecond))
  }

  /** @param customers that were scored anew */
  spend(customers: number): void {
    this.#saved -= customers
  }
}
