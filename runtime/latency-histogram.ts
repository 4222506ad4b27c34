/** Buckets grow by 2^(1/4), so that a quantile is at most 19 % above the true one. Up to 2^32 ms. */
const PER_OCTAVE = 4
const BUCKETS = 32 * PER_OCTAVE + 2

/** Latencies in milliseconds, in constant memory. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0

  get count(): number {
    return this.#total
  }

  add(ms: number, count = 1): void {
    const bucket = ms < 1 ? 0 : Math.min(1 + Math.floor(Math.log2(ms) * PER_OCTAVE), BUCKETS - 1)
    this.#counts[bucket]! += count
    this.#total += count
  }

  merge(other: LatencyHistogram): void {
    other.#counts.forEach((count, bucket) => {
      this.#counts[bucket]! += count
    })
    this.#total += other.#total
  }

  /** The upper edge of the bucket that holds the quantile, ms; 0 when nothing was counted. */
  quantile(share: number): number {
    if (this.#total === 0) return 0
    let left = Math.ceil(share * this.#total)
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!
      if (left <= 0) return Math.round(10 * 2 ** (bucket / PER_OCTAVE)) / 10
    }
    return 2 ** 32
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
  }
}
