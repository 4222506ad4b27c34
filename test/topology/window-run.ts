import { BasketChanges } from '../../processors/basket-changes.ts'
import { NpsChanges } from '../../processors/nps-changes.ts'
import { AggregateBench } from '../aggregates/aggregate-bench.ts'
import { createDriver, type Driver } from '../driver.ts'

/** Customer task and aggregate task in memory: events of tenant `shop` in, window results out. One source partition of three. */
export class WindowRun {
  readonly bench: AggregateBench
  readonly driver: Driver
  #streamTime = -1

  constructor(settings: object = {}) {
    this.bench = new AggregateBench(settings)
    this.driver = createDriver({ settings: this.bench.settings, now: this.bench.now })
  }

  /** Takes events as one batch of the customer task. */
  batch(pipe: (driver: Driver) => void): void {
    pipe(this.driver)
    for (const { asOf } of this.driver.read('customers')) this.#streamTime = Math.max(this.#streamTime, asOf)
    const { aggregates, now } = this.bench
    const head = { tenantId: 'shop', source: 0, streamTime: this.#streamTime }
    const nps = new NpsChanges()
    for (const change of this.driver.read('nps-deltas')) nps.add(change)
    for (const windows of nps.parts()) aggregates.addNps({ ...head, windows }, now)
    const baskets = { item: new BasketChanges(), category: new BasketChanges() }
    for (const change of this.driver.read('basket-deltas')) baskets[change.level].add(change)
    for (const level of ['item', 'category'] as const) {
      for (const part of baskets[level].parts()) aggregates.addBaskets({ ...head, level, ...part }, now)
    }
    this.bench.advance(1000)
  }
}
