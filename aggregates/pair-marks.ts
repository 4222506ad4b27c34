/** Its orders changed since it was sent. */
export const MOVED = 1
/** Readers have a result of it. */
export const SENT = 2
/** The round under way passes it over: it came after the close, and comes with the correction that follows. */
export const PASSED_OVER = 4
/** Of these, those that are stored. */
export const STORED = MOVED | SENT | PASSED_OVER
const QUEUED = 8
/** It is not known when it was sent. */
const NEVER = -1

/** What is known of sending each pair of a window, and which wait because they moved. */
export class PairMarks {
  #marks = new Uint8Array(16)
  #sentAt = new Float64Array(16).fill(NEVER)
  #round: number[] = []
  #next = 0
  #waiting: number[] = []
  #endedAt = Number.NEGATIVE_INFINITY

  has(slot: number, mark: number): boolean {
    return (this.marksOf(slot) & mark) !== 0
  }

  marksOf(slot: number): number {
    return this.#marks[slot] ?? 0
  }

  /** `changes` of the window when the pair was sent. */
  sentAt(slot: number): number {
    return this.#sentAt[slot] ?? NEVER
  }

  restore(slot: number, marks: number): void {
    this.#reserve(slot)
    this.#marks[slot] = marks
  }

  passOver(slot: number, isPassedOver: boolean): void {
    this.#reserve(slot)
    const marks = this.#marks[slot]!
    this.#marks[slot] = isPassedOver ? marks | PASSED_OVER : marks & ~PASSED_OVER
  }

  moved(slot: number): void {
    this.#reserve(slot)
    const marks = this.#marks[slot]!
    this.#marks[slot] = marks | MOVED | QUEUED
    if ((marks & QUEUED) === 0) this.#waiting.push(slot)
  }

  /** @param isSent readers have a result of it now */
  sent(slot: number, isSent: boolean, changes: number): void {
    this.#reserve(slot)
    this.#marks[slot] = (this.#marks[slot]! & QUEUED) | (isSent ? SENT : 0)
    this.#sentAt[slot] = changes
  }

  /** The slot is another's from now on. */
  clear(slot: number): void {
    if (slot >= this.#marks.length) return
    this.#marks[slot] = this.#marks[slot]! & QUEUED
    this.#sentAt[slot] = NEVER
  }

  /**
   * The next pair that moved and may be sent now, -1 for none. They are sent in rounds: a round takes what waited when it
   * began, and the next one begins an interval after it ended, so that nothing is sent twice within an interval.
   */
  take(now: number, intervalMs: number): number {
    if (this.#next >= this.#round.length) {
      if (this.#waiting.length === 0 || now - this.#endedAt < intervalMs) return -1
      this.#round = this.#waiting
      this.#waiting = []
      this.#next = 0
    }
    while (this.#next < this.#round.length) {
      const slot = this.#round[this.#next++]!
      this.#marks[slot] = this.#marks[slot]! & ~QUEUED
      if (this.#next === this.#round.length) this.#endedAt = now
      if (this.has(slot, MOVED)) return slot
    }
    return -1
  }

  #reserve(slot: number): void {
    const { length } = this.#marks
    if (slot < length) return
    const marks = new Uint8Array(Math.max(slot + 1, 2 * length))
    marks.set(this.#marks)
    this.#marks = marks
    const sentAt = new Float64Array(marks.length).fill(NEVER, length)
    sentAt.set(this.#sentAt)
    this.#sentAt = sentAt
  }
}
