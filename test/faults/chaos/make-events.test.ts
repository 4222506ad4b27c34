import { describe, expect, test } from 'vitest'
import { seeded } from '../../../bench/random.ts'
import { INPUT_TOPICS } from '../../../schemas/topics.ts'
import { type Load, makeEvents } from './make-events.ts'

function take(seed: number, events: number): Load[] {
  const load = makeEvents({ random: seeded(seed), customers: 300, events, until: Date.UTC(2026, 0, 1), ids: 'e' })
  return Array.from({ length: events }, () => load.next().value)
}

describe('makeEvents', () => {
  test('makes the same events of the same seed, and others of another', () => {
    expect(take(5, 500)).toEqual(take(5, 500))
    expect(take(6, 500)).not.toEqual(take(5, 500))
  })

  test('has all topics, late events, repeated ones and erasures', () => {
    const load = take(1, 5_000)
    const inputs = load.flatMap((each) => ('event' in each ? [each] : []))
    for (const topic of INPUT_TOPICS)
      expect(
        inputs.some((each) => each.topic === topic),
        topic,
      ).toBe(true)
    const ids = inputs.map(({ event }) => event.eventId)
    expect(new Set(ids).size).toBeLessThan(ids.length)
    expect(load.length).toBeGreaterThan(inputs.length)
    const times = inputs.map(({ event }) => event.occurredAt)
    expect(times.some((at, i) => i > 0 && at < times[i - 1]! - 3_600_000)).toBe(true)
  })
})
