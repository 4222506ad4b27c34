/** Numbers in [0, 1); the same seed gives the same numbers. */
export type Random = () => number

/**
 * mulberry32, seeded with the 32-bit FNV-1a hash of a text. Streams of two texts are unrelated, so that each customer has
 * one of his own and a change to one leaves the others as they were.
 */
export function seededRandom(seed: string): Random {
  let state = fnv1a(seed)
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number in [least, most]. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1))
}

/** One of the items; there must be one. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!
}

/** Roughly normal: the sum of twelve uniform numbers has variance 1. */
export function normal(random: Random, mean: number, deviation: number): number {
  let sum = -6
  for (let i = 0; i < 12; i++) sum += random()
  return mean + deviation * sum
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
