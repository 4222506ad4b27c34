import type { AggregateChanges, AggregateResult, DeltaRefusal } from '../../aggregates/changes.ts'
import { WindowAggregates } from '../../aggregates/window-aggregates.ts'
import { parseSettings, type TenantSettings } from '../../schemas/settings.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR
/** A Thursday at midnight, UTC: the beginning of a week since the epoch. */
export const START = Date.UTC(2026, 0, 1)
export const PARTITIONS = 3

/** An aggregate task without Kafka: what it writes is kept as the logs would keep it. */
export class AggregateBench {
  readonly settings: TenantSettings
  readonly state = new Map<string, Buffer>()
  /** Every result in the order it was sent. */
  readonly sent: AggregateResult[] = []
  /** The newest result of each key, as a compacted topic keeps it. */
  readonly results = new Map<string, AggregateResult>()
  /** Entries that the last flush wrote or removed. */
  entriesWritten = 0
  aggregates: WithoutGivingWay
  now = START + 400 * DAY

  constructor(settings: object = {}) {
    this.settings = parseSettings(settings)
    this.aggregates = this.#create()
  }

  /** Writes what is due. @param readUpTo the worker's clock when left out: nothing is left to read */
  flush(readUpTo = this.now, limit = 1_000_000): AggregateResult[] {
    const { entries, results } = this.aggregates.flush({ now: this.now, readUpTo }, limit)
    this.entriesWritten = entries.length
    for (const { key, value } of entries) {
      if (value === null) this.state.delete(key)
      else this.state.set(key, Buffer.from(value))
    }
    for (const result of results) {
      this.results.set(`${result.topic}:${result.key}`, result)
      this.sent.push(result)
    }
    return results
  }

  /** Lets so much time pass and flushes: results that waited for an interval are sent. */
  advance(ms: number): AggregateResult[] {
    this.now += ms
    return this.flush()
  }

  /** As after a crash: what was flushed is there, in another order. */
  restart(): void {
    this.aggregates = this.#create()
    for (const [key, value] of [...this.state].reverse()) this.aggregates.restore(key, value)
  }

  #create(): WithoutGivingWay {
    return new WithoutGivingWay(new WindowAggregates({ partitions: PARTITIONS, settings: () => this.settings }))
  }
}

/** Each call to its end. */
export class WithoutGivingWay {
  readonly #of: WindowAggregates

  constructor(of: WindowAggregates) {
    this.#of = of
  }

  restore(...entry: Parameters<WindowAggregates['restore']>): void {
    this.#of.restore(...entry)
  }

  addNps(...delta: Parameters<WindowAggregates['addNps']>): DeltaRefusal | null {
    return this.#of.addNps(...delta)
  }

  addBaskets(...delta: Parameters<WindowAggregates['addBaskets']>): DeltaRefusal | null {
    return toTheEnd(this.#of.addBaskets(...delta))
  }

  flush(...due: Parameters<WindowAggregates['flush']>): AggregateChanges {
    return toTheEnd(this.#of.flush(...due))
  }
}

export function toTheEnd<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
