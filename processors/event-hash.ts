import { codeAt } from '../schemas/code-at.ts'

/**
 * 64-bit hash of an event id, as two signed 32-bit halves in `hashHigh` and `hashLow` (a pair returned as an object would be
 * garbage once an event). Over UTF-16 code units, two at a time; each half is a multiply and xor-shift chain with its own
 * constant (those of murmur3's finalizer), length and both halves mixed at the end as murmur3 does. Stored in states:
 * it never changes.
 */
export function hashEventId(id: string): void {
  const length = id.length
  let h1 = length ^ 0x9e3779b9
  let h2 = length ^ 0x7f4a7c15
  for (let i = 0; i < length; i += 2) {
    const units = codeAt(id, i) | (i + 1 < length ? codeAt(id, i + 1) << 16 : 0)
    h1 = Math.imul(h1 ^ units, 0x85ebca6b)
    h1 ^= h1 >>> 15
    h2 = Math.imul(h2 ^ units, 0xc2b2ae35)
    h2 ^= h2 >>> 13
  }
  h1 = finalise(h1 + h2)
  h2 = finalise(h2 + h1)
  hashHigh = h1
  hashLow = h2
}

export let hashHigh = 0
export let hashLow = 0

function finalise(half: number): number {
  let h = half ^ (half >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}
