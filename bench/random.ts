/** mulberry32: a seeded generator of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Draws ranks 0..n-1 with probability proportional to (rank + 1)^-exponent, by Walker's alias method. */
export function zipf(n: number, exponent: number): (random: () => number) => number {
  const weights = Float64Array.from({ length: n }, (_, i) => (i + 1) ** -exponent)
  const sum = weights.reduce((a, b) => a + b, 0)
  const share = weights.map((weight) => (weight * n) / sum)
  const alias = new Int32Array(n)
  const small: number[] = []
  const large: number[] = []
  share.forEach((value, i) => {
    ;(value < 1 ? small : large).push(i)
  })
  while (small.length > 0 && large.length > 0) {
    const low = small.pop()!
    const high = large.pop()!
    alias[low] = high
    share[high] = share[high]! + share[low]! - 1
    ;(share[high]! < 1 ? small : large).push(high)
  }
  for (const i of [...small, ...large]) share[i] = 1
  return (random) => {
    const i = Math.floor(random() * n)
    return random() < share[i]! ? i : alias[i]!
  }
}
