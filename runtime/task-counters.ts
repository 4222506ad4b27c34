import { LatencyHistogram } from './latency-histogram.ts'

/** What a worker has done since it started; batches that were aborted are counted again when they are done again. */
export class TaskCounters {
  readonly deadLetters = new Map<string, number>()
  readonly drops = new Map<string, number>()
  readonly ingestToScore = new LatencyHistogram()
  readonly ingestToVisible = new LatencyHistogram()
  scoredEvents = 0
  changes = 0
  erasures = 0
  batches = 0
  restored = 0
  recordsLost = 0

  scored(changes: number): void {
    this.scoredEvents++
    this.changes += changes
  }

  dropped(reason: string): void {
    this.drops.set(reason, (this.drops.get(reason) ?? 0) + 1)
  }

  deadLettered(reason: string): void {
    this.deadLetters.set(reason, (this.deadLetters.get(reason) ?? 0) + 1)
  }

  erased(): void {
    this.erasures++
  }

  /** Adds another's counts; the histograms are added bucket by bucket. */
  add(other: TaskCounters): void {
    for (const [reason, count] of other.deadLetters)
      this.deadLetters.set(reason, (this.deadLetters.get(reason) ?? 0) + count)
    for (const [reason, count] of other.drops) this.drops.set(reason, (this.drops.get(reason) ?? 0) + count)
    this.ingestToScore.merge(other.ingestToScore)
    this.ingestToVisible.merge(other.ingestToVisible)
    this.scoredEvents += other.scoredEvents
    this.changes += other.changes
    this.erasures += other.erasures
    this.batches += other.batches
    this.restored += other.restored
    this.recordsLost += other.recordsLost
  }
}
