import { describe, expect, it } from 'vitest'
import type { AggregateChanges } from '../../aggregates/changes.ts'
import { PopulationAggregates } from '../../aggregates/population-aggregate.ts'
import type { PopulationDelta } from '../../schemas/avro/population-delta.ts'
import { parseSettings } from '../../schemas/settings.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 0, 15, 12)
const settings = { shop: parseSettings({}), past: parseSettings({ clock: 'event' }) }

/** One more customer in each of `count` buckets. */
function delta(tenantId: 'shop' | 'past', count: number, fields: Partial<PopulationDelta> = {}): PopulationDelta {
  const moves = Array.from({ length: count }, (_, i) => [
    { measure: 'recency' as const, currency: '', bucket: 15_000 + i, customers: 1 },
    { measure: 'frequency' as const, currency: '', bucket: 1 + i, customers: 1 },
    { measure: 'monetary' as const, currency: 'GBP', bucket: 100 * i, customers: 1 },
  ]).flat()
  return { tenantId, source: 0, streamTime: NOW, moves, ...fields }
}

class Task {
  readonly aggregates = new PopulationAggregates({
    partitions: 2,
    settings: (tenantId) => settings[tenantId as 'shop' | 'past'],
  })

  add(delta: PopulationDelta, writtenAt = NOW): void {
    this.aggregates.add(delta, writtenAt)
  }

  flush(now: number): AggregateChanges {
    const changes: AggregateChanges = { entries: [], results: [] }
    this.aggregates.flush({ now, readUpTo: now }, changes)
    return changes
  }
}

describe('PopulationAggregates', () => {
  it('send thresholds when a population is large enough, and keep them', () => {
    const task = new Task()
    task.add(delta('shop', 19))
    expect(task.flush(NOW)).toMatchObject({
      entries: [{ key: 'shop/population' }, { key: 'shop/population/time' }],
      results: [],
    })
    task.add(delta('shop', 1))
    const { entries, results } = task.flush(NOW)
    expect(entries.map(({ key }) => key)).toEqual([
      'shop/population',
      'shop/population/time',
      'shop/population/thresholds',
    ])
    expect(results).toMatchObject([
      { topic: 'thresholds', key: 'shop', value: { version: 1, customers: 20, asOf: NOW } },
    ])
    expect(task.flush(NOW)).toEqual({ entries: [], results: [] })
  })

  it('send them again when the day turns by the clock, without any delta', () => {
    const task = new Task()
    task.add(delta('shop', 20))
    task.flush(NOW)
    task.add(delta('shop', 1))
    expect(task.flush(NOW + 1_000).results).toEqual([])
    expect(task.flush(NOW + DAY_MS)).toMatchObject({
      entries: [{ key: 'shop/population/thresholds' }],
      results: [{ value: { version: 2, asOf: NOW + DAY_MS } }],
    })
    expect(task.flush(NOW + 2 * DAY_MS).results).toEqual([])
  })

  it('turn the day when every partition has passed it, where settings say so', () => {
    const task = new Task()
    task.add(delta('past', 20, { streamTime: 5 * DAY_MS }))
    expect(task.flush(NOW).results).toMatchObject([{ value: { asOf: 5 * DAY_MS } }])
    task.add(delta('past', 1, { streamTime: 5 * DAY_MS + 1, source: 1 }))
    expect(task.flush(NOW).results).toEqual([])
    task.add(delta('past', 1, { streamTime: 6 * DAY_MS }))
    expect(task.flush(NOW).results).toEqual([])
    task.add(delta('past', 1, { streamTime: 6 * DAY_MS + 2, source: 1 }))
    expect(task.flush(NOW).results).toMatchObject([{ value: { version: 2, asOf: 6 * DAY_MS } }])
  })

  it('turn the day without a partition that has said nothing for a while', () => {
    const { idleMs } = settings.past.windows
    const task = new Task()
    task.add(delta('past', 20, { streamTime: 5 * DAY_MS }))
    task.add(delta('past', 1, { streamTime: 5 * DAY_MS, source: 1 }))
    task.flush(NOW)
    task.add(delta('past', 1, { streamTime: 7 * DAY_MS, source: 1 }), NOW + 1)
    expect(task.flush(NOW + idleMs - 1).results).toEqual([])
    expect(task.flush(NOW + idleMs).results).toMatchObject([{ value: { version: 2, asOf: 7 * DAY_MS } }])
    expect(task.flush(NOW + 3 * DAY_MS).results).toEqual([])
  })

  it('look again at the segments when nobody has moved for a while, by day and by night', () => {
    const { idleMs } = settings.shop.windows
    const task = new Task()
    const totals = (total: number, customers: number) => ({
      measure: 'totals' as const,
      currency: '',
      bucket: total,
      customers,
    })
    const some = delta('shop', 20)
    task.add({ ...some, moves: [...some.moves, totals(9, 20)] })
    expect(task.flush(NOW).results).toMatchObject([{ value: { segments: [9, 9, 16] } }])
    task.add({ ...some, moves: [totals(9, -20), totals(4, 10), totals(5, 10)] }, NOW + 1)
    expect(task.flush(NOW + idleMs).results).toEqual([])
    expect(task.flush(NOW + idleMs + 1).results).toMatchObject([{ value: { version: 2, segments: [4, 5, 5] } }])
    expect(task.flush(NOW + idleMs + 2).results).toEqual([])
  })

  it('go on from their entries as if nothing had happened', () => {
    const steps = [delta('shop', 30), delta('past', 25), delta('shop', 3), delta('past', 9), delta('shop', 9)]
    const steady = new Task()
    let restarted = new Task()
    const log = new Map<string, Buffer>()
    steps.forEach((step, i) => {
      const now = NOW + (i * DAY_MS) / 2
      steady.add(step, now)
      restarted.add(step, now)
      const changes = restarted.flush(now)
      expect(changes).toEqual(steady.flush(now))
      for (const { key, value } of changes.entries) log.set(key, value!)
      restarted = new Task()
      for (const [key, value] of [...log].reverse()) {
        expect(PopulationAggregates.owns(key)).toBe(true)
        restarted.aggregates.restore(key, value)
      }
    })
    expect(log.size).toBe(6)
    expect(PopulationAggregates.owns('shop/nps')).toBe(false)
    expect(() => restarted.aggregates.restore('shop/population/moon', Buffer.from([1]))).toThrow(
      expect.objectContaining({ code: 'STATE_UNREADABLE' }),
    )
  })
})
