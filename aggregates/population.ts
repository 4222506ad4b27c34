import { bucketRange } from '../models/buckets.ts'
import type { PopulationDelta } from '../schemas/avro/population-delta.ts'
import { exactRange, Histogram } from './histogram.ts'

/**
 * All customers of a tenant who ever bought, as histograms of what RFM and loyalty rank them by: the day of the last purchase
 * (so that recency needs no ageing), the number of purchases, money less refunds by reporting currency, and the RFM totals
 * that they were given. The order in which deltas are applied doesn't matter.
 */
export class Population {
  /** Days since 1970. */
  readonly recency = new Histogram(exactRange)
  readonly frequency = new Histogram(bucketRange)
  /** By currency, minor units. */
  readonly monetary = new Map<string, Histogram>()
  /** r + f + m by the thresholds that were in force. */
  readonly totals = new Histogram(exactRange)

  apply(delta: Pick<PopulationDelta, 'moves'>): void {
    for (const { measure, currency, bucket, customers } of delta.moves) {
      if (measure === 'monetary') this.monetaryIn(currency).add(bucket, customers)
      else this[measure].add(bucket, customers)
    }
  }

  merge(other: Population): void {
    this.recency.merge(other.recency)
    this.frequency.merge(other.frequency)
    this.totals.merge(other.totals)
    for (const [currency, histogram] of other.monetary) this.monetaryIn(currency).merge(histogram)
  }

  /** Customers in it: each has a last purchase and a number of purchases. */
  get size(): number {
    return Math.min(this.recency.size, this.frequency.size)
  }

  /** The histogram of a currency, empty at first. */
  monetaryIn(currency: string): Histogram {
    let histogram = this.monetary.get(currency)
    if (histogram === undefined) {
      histogram = new Histogram(bucketRange)
      this.monetary.set(currency, histogram)
    }
    return histogram
  }
}
