/** Where the values of a bucket lie. */
export type RangeOf = (bucket: number) => readonly [least: number, most: number]

/** The range of a bucket that holds one value. */
export const exactRange: RangeOf = (bucket) => [bucket, bucket]

/** The buckets that hold customers, ascending, and how many those hold that end with each. */
interface Ranking {
  readonly buckets: readonly number[]
  readonly ends: readonly number[]
}

/**
 * How many customers are in each bucket. Adding is commutative and undone by adding the negative, so deltas may come in any
 * order, and histograms of parts add up to that of the whole. A bucket below 0 (a removal that came before its entry)
 * counts as empty until that is made up for.
 */
export class Histogram {
  readonly #rangeOf: RangeOf
  readonly #counts = new Map<number, number>()
  /** All buckets, ascending, while no other came or went. */
  #order: number[] | null = null
  #size = 0
  #ranking: Ranking | null = null

  constructor(rangeOf: RangeOf) {
    this.#rangeOf = rangeOf
  }

  add(bucket: number, count: number): void {
    const before = this.#counts.get(bucket) ?? 0
    const sum = before + count
    this.#size += Math.max(0, sum) - Math.max(0, before)
    if ((sum === 0) !== (before === 0)) this.#order = null
    if (sum === 0) this.#counts.delete(bucket)
    else this.#counts.set(bucket, sum)
    this.#ranking = null
  }

  merge(other: Histogram): void {
    for (const [bucket, count] of other.entries()) this.add(bucket, count)
  }

  /** Buckets whose count isn't 0, ascending. */
  entries(): (readonly [bucket: number, count: number])[] {
    this.#order ??= Array.from(Float64Array.from(this.#counts.keys()).sort())
    return this.#order.map((bucket) => [bucket, this.#counts.get(bucket)!])
  }

  /** How many buckets there are whose count isn't 0. */
  get buckets(): number {
    return this.#counts.size
  }

  /** Customers in it. */
  get size(): number {
    return this.#size
  }

  /**
   * A quantile as NumPy's default has it: linear between the two values around position (size − 1) · share. Exact where
   * buckets hold one value each; the customers of a wider one are taken as evenly spread over it, so that the rank of the
   * answer is off by `rankError` at most.
   * @param share from 0 to 1
   * @returns NaN for an empty histogram
   */
  quantile(share: number): number {
    const position = (this.size - 1) * share
    const floor = Math.floor(position)
    const below = this.#valueAt(floor)
    return floor === position ? below : below + (this.#valueAt(floor + 1) - below) * (position - floor)
  }

  /** The largest share of the customers that is in one bucket of several values; 0: quantiles are exact. */
  get rankError(): number {
    const { buckets, ends } = this.#ranked
    let most = 0
    for (let i = 0; i < buckets.length; i++) {
      const [least, greatest] = this.#rangeOf(buckets[i]!)
      if (greatest > least) most = Math.max(most, ends[i]! - (ends[i - 1] ?? 0))
    }
    return most === 0 ? 0 : most / this.#size
  }

  /** The value at a position of all values in ascending order, from 0. */
  #valueAt(position: number): number {
    const { buckets, ends } = this.#ranked
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle]! <= position) low = middle + 1
      else high = middle
    }
    if (low === ends.length) return Number.NaN
    const start = ends[low - 1] ?? 0
    const [least, most] = this.#rangeOf(buckets[low]!)
    return least + ((most - least) * (position - start + 0.5)) / (ends[low]! - start)
  }

  get #ranked(): Ranking {
    if (this.#ranking === null) {
      const held = this.entries().filter(([, count]) => count > 0)
      let end = 0
      const ends = held.map(([, count]) => {
        end += count
        return end
      })
      this.#ranking = { buckets: held.map(([bucket]) => bucket), ends }
    }
    return this.#ranking
  }
}
