import { LatencyHistogram } from './latency-histogram.ts'
import type { TakenRecord } from './taken-record.ts'

/** What became of events. */
export class EventCounts {
  readonly deadLetters = new Map<string, number>()
  readonly drops = new Map<string, number>()
  scored = 0
  changes = 0
  erasures = 0
  /** Examples that outcomes gave, and outcomes that came too late or too early to give one. */
  examples = 0
  outcomesWithoutExample = 0
  /** Records of cause timer. */
  timers = 0
  /** Timers given up because of an error in a processor; their customers are looked at again at their next event. */
  failedTimers = 0
  /** Stored customers scored anew by another model or other thresholds. */
  refreshed = 0

  dropped(reason: string): void {
    this.drops.set(reason, (this.drops.get(reason) ?? 0) + 1)
  }

  deadLettered(reason: string): void {
    this.deadLetters.set(reason, (this.deadLetters.get(reason) ?? 0) + 1)
  }

  add(other: EventCounts): void {
    for (const [reason, count] of other.deadLetters)
      this.deadLetters.set(reason, (this.deadLetters.get(reason) ?? 0) + count)
    for (const [reason, count] of other.drops) this.drops.set(reason, (this.drops.get(reason) ?? 0) + count)
    this.scored += other.scored
    this.changes += other.changes
    this.erasures += other.erasures
    this.examples += other.examples
    this.outcomesWithoutExample += other.outcomesWithoutExample
    this.timers += other.timers
    this.failedTimers += other.failedTimers
    this.refreshed += other.refreshed
  }

  clear(): void {
    this.deadLetters.clear()
    this.drops.clear()
    this.scored = 0
    this.changes = 0
    this.erasures = 0
    this.examples = 0
    this.outcomesWithoutExample = 0
    this.timers = 0
    this.failedTimers = 0
    this.refreshed = 0
  }
}

export interface Latencies {
  /** From the input record's append to its score. */
  readonly ingestToScore: LatencyHistogram
  /** From the input record's append to the commit that shows its result to read_committed readers. */
  readonly ingestToVisible: LatencyHistogram
}

const newLatencies = (): Latencies => ({
  ingestToScore: new LatencyHistogram(),
  ingestToVisible: new LatencyHistogram(),
})

/** Latencies of the last half to whole minute: two windows that are turned by `turn`. */
export class RecentLatency {
  static readonly WINDOW_MS = 30_000
  current: Latencies = newLatencies()
  #previous: Latencies = newLatencies()
  #turnedAt = 0

  turn(now: number): void {
    if (now - this.#turnedAt < RecentLatency.WINDOW_MS) return
    this.#turnedAt = now
    this.#previous = this.current
    this.current = newLatencies()
  }

  /** Adds what a batch took. Records of one append have one time: they are counted together. */
  add(taken: readonly TakenRecord[], scoredAt: number, visibleAt: number): void {
    const { ingestToScore, ingestToVisible } = this.current
    for (let from = 0; from < taken.length; ) {
      const { timestamp } = taken[from]!.record
      let to = from + 1
      while (to < taken.length && taken[to]!.record.timestamp === timestamp) to++
      ingestToScore.add(scoredAt - timestamp, to - from)
      ingestToVisible.add(visibleAt - timestamp, to - from)
      from = to
    }
  }

  recent(kind: keyof Latencies): LatencyHistogram {
    const merged = new LatencyHistogram()
    merged.merge(this.#previous[kind])
    merged.merge(this.current[kind])
    return merged
  }
}

/** What a worker has done since it started. Events count when their transaction is committed. */
export class WorkerCounters {
  readonly events = new EventCounts()
  readonly latency = new RecentLatency()
  /** Of the aggregate tasks. */
  readonly aggregates = { batches: 0, results: 0, takeovers: 0, restoredEntries: 0 }
  batches = 0
  abortedBatches = 0
  takeovers = 0
  restoredRecords = 0
  /** Input records that retention removed before they were read. */
  lostRecords = 0
}
