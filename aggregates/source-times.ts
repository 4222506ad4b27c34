/**
 * Two clocks of the aggregate task, epoch ms.
 * `now`: the worker's, for intervals between results.
 * `readUpTo`: all that was written to the delta topics before it has been read: `now` while nothing is left to read, else
 * the timestamp of the newest record that was. A task that catches up after a pause doesn't take its sources for idle.
 */
export interface AggregateClock {
  readonly now: number
  readonly readUpTo: number
}

interface SourceTime {
  time: number
  heardAt: number
}

/** Stream time of each source partition of one tenant and kind. */
export class SourceTimes {
  readonly #partitions: number
  readonly #sources = new Map<number, SourceTime>()
  #startedAt: number | null = null

  constructor(partitions: number) {
    this.#partitions = partitions
  }

  /** @param heardAt when the source wrote it: the record's timestamp */
  observe(source: number, streamTime: number, heardAt: number): void {
    this.#startedAt ??= heardAt
    const known = this.#sources.get(source)
    if (known === undefined) {
      this.#sources.set(source, { time: streamTime, heardAt })
      return
    }
    known.time = Math.max(known.time, streamTime)
    known.heardAt = Math.max(known.heardAt, heardAt)
  }

  /**
   * The time that every source has passed. For one that has said nothing for `idleMs`, or nothing at all since the first
   * spoke, the wall clock counts: its customers are quiet, and time passes for them all the same.
   */
  passedBy(readUpTo: number, idleMs: number): number {
    if (this.#startedAt === null) return Number.NEGATIVE_INFINITY
    let least = Number.POSITIVE_INFINITY
    for (const { time, heardAt } of this.#sources.values()) {
      least = Math.min(least, readUpTo - heardAt < idleMs ? time : Math.max(time, readUpTo))
    }
    if (this.#sources.size < this.#partitions) {
      least = readUpTo - this.#startedAt < idleMs ? Number.NEGATIVE_INFINITY : Math.min(least, readUpTo)
    }
    return least
  }

  /** Whether none has said anything for `idleMs`. */
  isQuiet(readUpTo: number, idleMs: number): boolean {
    for (const { heardAt } of this.#sources.values()) if (readUpTo - heardAt < idleMs) return false
    return true
  }

  toNumbers(): number[] {
    const sources = [...this.#sources].flatMap(([source, { time, heardAt }]) => [source, time, heardAt])
    return [this.#startedAt ?? 0, ...sources]
  }

  restore([startedAt, ...sources]: readonly number[]): void {
    this.#startedAt = startedAt ?? null
    for (let i = 0; i + 2 < sources.length; i += 3) {
      this.#sources.set(sources[i]!, { time: sources[i + 1]!, heardAt: sources[i + 2]! })
    }
  }
}
