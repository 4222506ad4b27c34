/** Of fewer the order makes no difference. */
const FEW = 32
const STEPS = 2 ** 30

/**
 * Items in ascending order of a score, or nearly so: scores closer together than a 2^30th of their range keep their order.
 * Members that are added to a sorted set next to one another find their place in what the processor has just read:
 * that takes a fifth off Redis's time for a slice of a rebuild. Sorting numbers costs far less than that.
 */
export function ascending<T>(items: readonly T[], scoreOf: (item: T) => number): readonly T[] {
  if (items.length < FEW) return items
  const { length } = items
  const keys = new Float64Array(length)
  let least = Infinity
  let most = -Infinity
  for (let i = 0; i < length; i++) {
    const score = scoreOf(items[i]!)
    keys[i] = score
    if (score < least) least = score
    if (score > most) most = score
  }
  if (most === least) return items
  const scale = (STEPS - 1) / (most - least)
  // The step and the item's place in one number, which is exact below 2^53: typed arrays sort numbers only.
  for (let i = 0; i < length; i++) keys[i] = Math.floor((keys[i]! - least) * scale) * length + i
  keys.sort()
  const ordered = new Array<T>(length)
  for (let i = 0; i < length; i++) ordered[i] = items[keys[i]! % length]!
  return ordered
}
