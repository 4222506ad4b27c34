import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BoundedCounts } from '../../aggregates/bounded-counts.ts'

const KEYS = [0, 1, 2, 3, 4, 5, 2 ** 31, 2 ** 31 + 1, 2 ** 40, 2 ** 52, 2 ** 52 + 1, 2 ** 52 + 3]

/** Keys to add (true) or take back, some of them many times: what was never added isn't taken back. */
const steps = fc
  .array(fc.tuple(fc.constantFrom(...KEYS), fc.boolean(), fc.constantFrom(1, 1, 2, 9)), { maxLength: 100 })
  .map((runs) => runs.flatMap(([key, isAdded, times]) => Array.from({ length: times }, () => [key, isAdded] as const)))

const UNWATCHED = { entered: () => {}, leaves: () => {} }

class Stream {
  readonly counts: BoundedCounts
  readonly truth = new Map<number, number>()
  /** What the watcher has been told of: keys by slot. */
  readonly watched = new Map<number, number>()
  added = 0

  constructor(capacity: number) {
    const counts: BoundedCounts = new BoundedCounts(capacity, {
      entered: (slot) => this.watched.set(slot, counts.keyOf(slot)),
      leaves: (slot) => this.watched.delete(slot),
    })
    this.counts = counts
  }

  take(key: number, isAdded: boolean): void {
    const before = this.truth.get(key) ?? 0
    if (isAdded) {
      this.counts.add(key)
      this.truth.set(key, before + 1)
      this.added++
    } else if (before > 0) {
      this.counts.takeBack(key)
      this.truth.set(key, before - 1)
    }
  }

  /** The same counts as a restart finds them: no heap, slots in another order, and what they held before. */
  restarted(capacity: number): BoundedCounts {
    const { counts } = this
    const copy = new BoundedCounts(capacity, UNWATCHED)
    copy.restoreFloor(counts.floor)
    for (let slot = 0; slot < counts.high; slot++) copy.restore(slot, (slot + 1) % counts.high, 7, 7)
    for (let slot = counts.high - 1; slot >= 0; slot--) {
      if (counts.isUsed(slot)) copy.restore(slot, counts.keyOf(slot), counts.observedOf(slot), counts.errorOf(slot))
      else copy.restore(slot, null, 0, 0)
    }
    copy.settle()
    return copy
  }
}

function contents(counts: BoundedCounts): number[][] {
  return Array.from({ length: counts.high }, (_, slot) => slot)
    .filter((slot) => counts.isUsed(slot))
    .map((slot) => [counts.keyOf(slot), counts.observedOf(slot), counts.errorOf(slot)])
    .sort(([a], [b]) => a! - b!)
}

test('true counts are within the bounds after every step, and the floor within additions / places', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), steps, (capacity, taken) => {
      const stream = new Stream(capacity)
      for (const [key, isAdded] of taken) {
        stream.take(key, isAdded)
        expect(stream.counts.size).toBeLessThanOrEqual(capacity)
        expect(stream.counts.floor * capacity).toBeLessThanOrEqual(stream.added)
        for (const [each, count] of stream.truth) {
          const slot = stream.counts.find(each)
          const observed = slot < 0 ? 0 : stream.counts.observedOf(slot)
          const least = Math.max(0, observed)
          const most = slot < 0 ? stream.counts.floor : observed + stream.counts.errorOf(slot)
          expect(count).toBeGreaterThanOrEqual(least)
          expect(count).toBeLessThanOrEqual(most)
        }
        expect([...stream.watched.values()].sort()).toEqual(
          contents(stream.counts)
            .map(([each]) => each)
            .sort(),
        )
      }
    }),
  )
})

test('counts are exact as long as there is a place for every key', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const stream = new Stream(KEYS.length)
      for (const [key, isAdded] of taken) stream.take(key, isAdded)
      const kept = [...stream.truth].filter(([, count]) => count > 0)
      expect(contents(stream.counts)).toEqual(kept.map(([key, count]) => [key, count, 0]).sort(([a], [b]) => a! - b!))
    }),
  )
})

test('counts that were stored and restored go on like those that were not', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), steps, steps, (capacity, before, after) => {
      const stream = new Stream(capacity)
      for (const [key, isAdded] of before) stream.take(key, isAdded)
      const restarted = stream.restarted(capacity)
      for (const [key, isAdded] of after) {
        const mayTakeBack = (stream.truth.get(key) ?? 0) > 0
        stream.take(key, isAdded)
        if (isAdded) restarted.add(key)
        else if (mayTakeBack) restarted.takeBack(key)
      }
      expect(contents(restarted)).toEqual(contents(stream.counts))
      expect(restarted.floor).toBe(stream.counts.floor)
    }),
  )
})

test('the floor stays when what is let go has been taken back below it', () => {
  const [a, b, c, d] = [1, 2, 3, 4]
  const stream = new Stream(2)
  for (const [key, times] of [
    [a, 5],
    [b, 6],
    [c, 1],
  ] as const) {
    for (let i = 0; i < times; i++) stream.take(key, true)
  }
  expect([stream.counts.find(a), stream.counts.floor]).toEqual([-1, 5])
  for (let i = 0; i < 4; i++) stream.take(b, false)
  stream.take(d, true)
  // Five of the first are still there: a lower floor would deny them.
  expect([stream.counts.find(b), stream.counts.floor]).toEqual([-1, 5])
})
