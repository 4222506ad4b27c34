/**
 * Buckets of whole numbers, numbered in their order: 0 is bucket 0, each of 1 to 199 has one of its own, and from there each is at
 * most 1 % of its least number wide, so that all safe integers lie in 3,387 buckets. Negative numbers mirror positive ones.
 * The bounds are found by whole-number arithmetic, so that a number has the same bucket on every machine: what leaves a
 * bucket must be what entered it.
 */
const STARTS = startsOf()
const LAST_OF_ITS_OWN = 199

function startsOf(): Float64Array {
  const starts = [0]
  for (let start = 1; start <= Number.MAX_SAFE_INTEGER; start += Math.max(1, Math.floor(start / 100)))
    starts.push(start)
  return Float64Array.from(starts)
}

/** The bucket of a safe integer: bucketOf(a) ≤ bucketOf(b) for a ≤ b. */
export function bucketOf(value: number): number {
  if (value < 0) return -bucketOf(-value)
  if (value <= LAST_OF_ITS_OWN) return value
  let low = LAST_OF_ITS_OWN
  let high = STARTS.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (STARTS[middle]! <= value) low = middle
    else high = middle
  }
  return low
}

/** The smallest and the largest number of a bucket: equal from -199 to 199, apart by less than 1 % of the nearer to 0 beyond. */
export function bucketRange(bucket: number): readonly [least: number, most: number] {
  if (bucket < 0) {
    const [least, most] = bucketRange(-bucket)
    return [-most, -least]
  }
  return [STARTS[bucket]!, (STARTS[bucket + 1] ?? Number.MAX_SAFE_INTEGER + 1) - 1]
}
