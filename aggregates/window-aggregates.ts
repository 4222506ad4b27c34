import type { BasketDelta } from '../schemas/avro/basket-delta.ts'
import type { NpsDelta } from '../schemas/avro/nps-delta.ts'
import { AppError } from '../schemas/errors.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { BasketAggregate } from './basket-aggregate.ts'
import type { AggregateChanges, DeltaRefusal } from './changes.ts'
import { NpsAggregate } from './nps-aggregate.ts'
import type { AggregateClock } from './source-times.ts'

export interface WindowAggregatesOptions {
  /** Partitions of the customer tasks: the sources of deltas. */
  readonly partitions: number
  readonly settings: (tenantId: string) => TenantSettings
}

/**
 * The windows of one aggregate task: deltas in, state entries and results out. Deterministic: the same entries restored,
 * the same deltas and clocks give the same changes. Nothing is seen outside before the changes of a `flush` are
 * committed; after a transaction that failed, or may have, a new one is restored from `aggregate-state`.
 *
 * Keys of `aggregate-state`: `<tenantId>/<kind>` (time of each source), `…/w/<start>/<end>` (a window),
 * `…/g/<start>/<end>/<group>` (NPS of a group), `…/s/<start>/<end>/<number>` (a segment of the counts of orders),
 * `…/r/<start>/<end>/<number>` (results that are kept for longer than their window); kind is `nps`, `basket-item` or
 * `basket-category`, which is also the key of the deltas.
 */
export class WindowAggregates {
  readonly #options: WindowAggregatesOptions
  readonly #nps = new Map<string, NpsAggregate>()
  readonly #baskets = new Map<string, BasketAggregate>()

  constructor(options: WindowAggregatesOptions) {
    this.#options = options
  }

  /** Whether a key of `aggregate-state` is of these kinds; others keep their own entries there. */
  static owns(key: string): boolean {
    return /^[^/]+\/(?:nps|basket-item|basket-category)(?:\/|$)/.test(key)
  }

  /**
   * Takes a live entry of `aggregate-state`; all of them before the first delta, in any order.
   * @throws AppError STATE_UNREADABLE
   */
  restore(key: string, value: Buffer): void {
    const [tenantId, kind, type = '', start = '0', end = '', id = ''] = key.split('/') as [string, string]
    const window = { start: Number(start), end: end === '' ? null : Number(end) }
    if (kind === 'nps') this.#npsOf(tenantId).restore(type, window, id, value)
    else if (kind === 'basket-item') this.#basketsOf(tenantId, 'item').restore(type, window, id, value)
    else if (kind === 'basket-category') this.#basketsOf(tenantId, 'category').restore(type, window, id, value)
    else throw new AppError('STATE_UNREADABLE', `aggregate state: key ${key} is of an unknown kind`)
  }

  /**
   * Adds all of a delta but what belongs to windows that are gone.
   * @param writtenAt timestamp of its record
   * @returns why the record is a dead letter, as well
   */
  addNps(delta: NpsDelta, writtenAt: number): DeltaRefusal | null {
    return this.#npsOf(delta.tenantId).add(delta, writtenAt, this.#options.settings(delta.tenantId))
  }

  /** As addNps; gives way at every `yield`. */
  addBaskets(delta: BasketDelta, writtenAt: number): Generator<void, DeltaRefusal | null> {
    return this.#basketsOf(delta.tenantId, delta.level).add(delta, writtenAt, this.#options.settings(delta.tenantId))
  }

  /**
   * What is to be written now: the entries that changed, and the results that are due, `limit` at most (withdrawn ones
   * aside); the rest comes with the next call. To be called after each batch of deltas, and from time to time without
   * any: windows close, and results become due, by the clock alone. Nothing to write: both lists are empty. Gives way at
   * every `yield`.
   */
  *flush(clock: AggregateClock, limit: number): Generator<void, AggregateChanges> {
    const changes: AggregateChanges = { entries: [], results: [] }
    let left = limit
    for (const [scope, aggregate] of this.#nps) {
      left -= aggregate.flush(clock, this.#settingsOf(scope), left, changes)
      yield
    }
    for (const [scope, aggregate] of this.#baskets) {
      left -= yield* aggregate.flush(clock, this.#settingsOf(scope), left, changes)
      yield
    }
    return changes
  }

  #settingsOf(scope: string): TenantSettings {
    return this.#options.settings(scope.slice(0, scope.indexOf('/')))
  }

  #npsOf(tenantId: string): NpsAggregate {
    const scope = `${tenantId}/nps`
    let found = this.#nps.get(scope)
    if (found === undefined) {
      found = new NpsAggregate(scope, tenantId, this.#options.partitions)
      this.#nps.set(scope, found)
    }
    return found
  }

  #basketsOf(tenantId: string, level: 'item' | 'category'): BasketAggregate {
    const scope = `${tenantId}/basket-${level}`
    let found = this.#baskets.get(scope)
    if (found === undefined) {
      const { partitions, settings } = this.#options
      found = new BasketAggregate(scope, tenantId, level, partitions, () => settings(tenantId))
      this.#baskets.set(scope, found)
    }
    return found
  }
}
