import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteSlab } from '../../runtime/byte-slab.ts'

/** Short ones, those at the edges of slots, and some too long for any slot. */
const anyLength = fc.oneof(fc.nat(200), fc.nat(9_000), fc.integer({ min: 8_100, max: 20_000 }))

test('a value is read as it was written, whatever comes and goes around it', () => {
  const anyStep = fc.record({ owner: fc.nat(20), length: anyLength, fill: fc.nat(255), leaves: fc.boolean() })
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 100 }), (steps) => {
      const slab = new ByteSlab()
      const held = new Map<number, { slot: number; length: number; fill: number }>()
      for (const { owner, length, fill, leaves } of steps) {
        const source = Buffer.alloc(length + 3, fill)
        const before = held.get(owner)
        if (before !== undefined && leaves) {
          slab.remove(before.slot, before.length)
          held.delete(owner)
        } else {
          const slot =
            before === undefined
              ? slab.add(source, 1, 1 + length)
              : slab.replace(before.slot, before.length, source, 1, 1 + length)
          held.set(owner, { slot, length, fill })
        }
        for (const value of held.values()) {
          const start = slab.startOf(value.slot)
          const bytes = slab.bufferOf(value.slot).subarray(start, start + value.length)
          if (!bytes.equals(Buffer.alloc(value.length, value.fill))) throw new Error(`slot ${value.slot} is damaged`)
        }
      }
    }),
    { numRuns: 60 },
  )
})

test('room is used again: what comes and goes does not make it grow', () => {
  const slab = new ByteSlab()
  const source = Buffer.alloc(20_000)
  let most = 0
  for (let round = 0; round < 50; round++) {
    const slots = Array.from({ length: 500 }, (_, i) => ({ length: 40 * (i % 20) + (i === 0 ? 15_000 : 1), slot: 0 }))
    for (const each of slots) each.slot = slab.add(source, 0, each.length)
    if (round === 0) most = slab.bytes
    expect(slab.bytes).toBe(most)
    for (const { slot, length } of slots) slab.remove(slot, length)
  }
})
