import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BoundedCounts, type Counter } from '../../aggregates/bounded-counts.ts'

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']

/** Keys to add (true) or take back, some of them many times: what was never added isn't taken back. */
const steps = fc
  .array(fc.tuple(fc.constantFrom(...KEYS), fc.boolean(), fc.constantFrom(1, 1, 2, 9)), { maxLength: 100 })
  .map((runs) => runs.flatMap(([key, isAdded, times]) => Array.from({ length: times }, () => [key, isAdded] as const)))

class Stream {
  readonly counts: BoundedCounts<Counter>
  readonly truth = new Map<string, number>()
  added = 0

  constructor(capacity: number) {
    this.counts = new BoundedCounts(capacity)
  }

  take(key: string, isAdded: boolean): void {
    const before = this.truth.get(key) ?? 0
    if (isAdded) {
      this.counts.add(
        key,
        (error) => ({ key, observed: 1, error, place: -1 }),
        () => {},
      )
      this.truth.set(key, before + 1)
      this.added++
    } else if (before > 0) {
      this.counts.takeBack(key, () => {})
      this.truth.set(key, before - 1)
    }
  }

  /** The same counts as a restart finds them: no heap, other order. */
  restarted(capacity: number): BoundedCounts<Counter> {
    const copy = new BoundedCounts<Counter>(capacity)
    copy.restoreFloor(this.counts.floor)
    for (const counter of [...this.counts.values()].reverse()) copy.restore({ ...counter, place: -1 })
    return copy
  }
}

function contents(counts: BoundedCounts<Counter>): unknown[] {
  return [...counts.values()].map(({ key, observed, error }) => [key, observed, error]).sort()
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
          const counter = stream.counts.get(each)
          const least = Math.max(0, counter?.observed ?? 0)
          const most = counter === undefined ? stream.counts.floor : counter.observed + counter.error
          expect(count).toBeGreaterThanOrEqual(least)
          expect(count).toBeLessThanOrEqual(most)
        }
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
      expect(contents(stream.counts)).toEqual(kept.map(([key, count]) => [key, count, 0]).sort())
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
        if (isAdded) {
          restarted.add(
            key,
            (error) => ({ key, observed: 1, error, place: -1 }),
            () => {},
          )
        } else if (mayTakeBack) restarted.takeBack(key, () => {})
      }
      expect(contents(restarted)).toEqual(contents(stream.counts))
      expect(restarted.floor).toBe(stream.counts.floor)
    }),
  )
})

test('the floor stays when what is let go has been taken back below it', () => {
  const stream = new Stream(2)
  for (const [key, times] of [
    ['a', 5],
    ['b', 6],
    ['c', 1],
  ] as const) {
    for (let i = 0; i < times; i++) stream.take(key, true)
  }
  expect([stream.counts.get('a'), stream.counts.floor]).toEqual([undefined, 5])
  for (let i = 0; i < 4; i++) stream.take('b', false)
  stream.take('d', true)
  // Five of `a` are still there: a lower floor would deny them.
  expect([stream.counts.get('b'), stream.counts.floor]).toEqual([undefined, 5])
})
