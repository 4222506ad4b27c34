/**
 * Results that moved and wait to be sent. They are sent in rounds: a round takes what waited when it began, and the next
 * one begins an interval after it ended, so that nothing is sent twice within an interval.
 */
export class SendQueue<T> {
  #round = new Set<T>()
  #waiting = new Set<T>()
  #endedAt = Number.NEGATIVE_INFINITY

  /** @returns false when it waits already */
  add(result: T): boolean {
    if (this.#round.has(result) || this.#waiting.has(result)) return false
    this.#waiting.add(result)
    return true
  }

  delete(result: T): void {
    this.#round.delete(result)
    this.#waiting.delete(result)
  }

  /** Takes what may be sent now, `limit` at most; the rest of a round goes on with the next call. */
  take(now: number, intervalMs: number, limit: number): T[] {
    if (this.#round.size === 0 && now - this.#endedAt >= intervalMs) {
      const empty = this.#round
      this.#round = this.#waiting
      this.#waiting = empty
    }
    const taken: T[] = []
    for (const result of this.#round) {
      if (taken.length >= limit) break
      this.#round.delete(result)
      taken.push(result)
    }
    if (taken.length > 0 && this.#round.size === 0) this.#endedAt = now
    return taken
  }
}
