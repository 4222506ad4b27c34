import type { DeltaInput } from '../schemas/deltas.ts'
import type { AggregateChanges, DeltaRefusal } from './changes.ts'
import { PopulationAggregates } from './population-aggregate.ts'
import type { AggregateClock } from './source-times.ts'
import { WindowAggregates, type WindowAggregatesOptions } from './window-aggregates.ts'

/** All that one aggregate task counts: windows and populations, behind one door. */
export class TaskAggregates {
  readonly #windows: WindowAggregates
  readonly #populations: PopulationAggregates

  constructor(options: WindowAggregatesOptions) {
    this.#windows = new WindowAggregates(options)
    this.#populations = new PopulationAggregates(options)
  }

  /** Takes a live entry of `aggregate-state`; all of them before the first delta. @throws AppError STATE_UNREADABLE */
  restore(key: string, value: Buffer): void {
    const owner = PopulationAggregates.owns(key) ? this.#populations : this.#windows
    owner.restore(key, value)
  }

  /** @param writtenAt timestamp of the delta's record @returns why the record is a dead letter, as well */
  *add(input: DeltaInput, writtenAt: number): Generator<void, DeltaRefusal | null> {
    if (input.topic === 'nps-deltas') return this.#windows.addNps(input.event, writtenAt)
    if (input.topic === 'basket-deltas') return yield* this.#windows.addBaskets(input.event, writtenAt)
    this.#populations.add(input.event, writtenAt)
    return null
  }

  /** See WindowAggregates.flush. */
  *flush(clock: AggregateClock, limit: number): Generator<void, AggregateChanges> {
    const changes = yield* this.#windows.flush(clock, limit)
    this.#populations.flush(clock, changes)
    return changes
  }
}
