import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { StreamTimes } from '../../runtime/stream-time.ts'
import { TaskTimers } from '../../runtime/task-timers.ts'
import { parseSettings } from '../../schemas/settings.ts'
import type { TimersRead } from '../../state/state-store.ts'

const settings = { event: parseSettings({ clock: 'event' }), wall: parseSettings({ clock: 'wall' }) }

/** An index in memory, how often it was asked, and what its answers wait for. */
class Index {
  readonly timers = new Map<string, number>()
  reads = 0
  answering: Promise<void> = Promise.resolve()

  read = async (before: ReadonlyMap<string, number>, limit: number): Promise<Map<string, TimersRead>> => {
    this.reads++
    const answer = this.#answer(before, limit)
    await this.answering
    return answer
  }

  #answer(before: ReadonlyMap<string, number>, limit: number): Map<string, TimersRead> {
    const of = (tenant: string): [string, number][] =>
      [...this.timers].filter(([key]) => key.startsWith(`${tenant}/`)).sort(([, a], [, b]) => a - b)
    return new Map(
      [...before].map(([tenant, time]) => {
        const due = of(tenant)
          .filter(([, at]) => at < time)
          .slice(0, limit)
        const customerIds = due.map(([key]) => key.slice(tenant.length + 1))
        return [tenant, { customerIds, next: of(tenant)[due.length]?.[1] ?? null }]
      }),
    )
  }
}

let index: Index
let streamTimes: StreamTimes
let timers: TaskTimers
let now: number
let failed: unknown

beforeEach(() => {
  index = new Index()
  streamTimes = new StreamTimes()
  now = 1_000_000
  failed = null
  timers = new TaskTimers({
    streamTimes,
    settings: (tenant) => settings[tenant as keyof typeof settings],
    now: () => now,
    read: index.read,
    onFailure: (error) => {
      failed = error
    },
  })
})

function plan(key: string, at: number): void {
  index.timers.set(key, at)
  const [tenantId = '', customerId = ''] = key.split('/')
  timers.planned([{ tenantId, customerId, key, nextLookAt: at } as never]) // all that is looked at
}

describe('what time it is', () => {
  test('the event clock is the stream time', () => {
    streamTimes.observe('event', 500)
    timers.readUpTo(0)
    expect(timers.clockOf('event')).toBe(500)
  })

  test('the wall clock is that of the moment up to which all was read, whatever the stream time', () => {
    streamTimes.observe('wall', 500)
    timers.readUpTo(100)
    now += 50
    expect(timers.clockOf('wall')).toBe(1_000_000 - 100)
  })

  test('while records wait, the wall clock stands at the stream time: one of them may show that nobody was quiet', () => {
    streamTimes.observe('wall', 500)
    timers.readUpTo(null)
    expect(timers.clockOf('wall')).toBe(500)
    streamTimes.observe('wall', 2_000_000)
    expect(timers.clockOf('wall')).toBe(now)
  })
})

test('a million pending timers are not asked about until the first is due', async () => {
  streamTimes.observe('event', 500)
  for (let i = 0; i < 1_000_000; i++) plan(`event/c-${i}`, 1_000 + i)
  for (let i = 0; i < 100; i++) expect(await timers.takeAlone()).toEqual([])
  expect(index.reads).toBe(0)
  streamTimes.observe('event', 1_001)
  expect(await timers.takeAlone()).toEqual(['event/c-0'])
  index.timers.delete('event/c-0')
  for (let i = 0; i < 100; i++) expect(await timers.takeAlone()).toEqual([])
  expect(index.reads).toBe(1)
})

test('of 100,000 that are due at once, a batch with events gets 100, one without 200, each once, earliest first', async () => {
  streamTimes.observe('event', 1_000_000)
  const keys = Array.from({ length: 100_000 }, (_, i) => `event/c-${i}`)
  for (const [i, key] of keys.entries()) index.timers.set(key, 1_000 + i)
  timers.planned([{ tenantId: 'event', nextLookAt: 1_000 } as never])
  const seen: string[] = []
  for (let turn = 0; seen.length < 5_000; turn++) {
    const taken = turn % 2 === 0 ? timers.takeBesideEvents() : await timers.takeAlone()
    expect(taken.length).toBeLessThanOrEqual(turn % 2 === 0 ? 100 : 200)
    // What was looked at is written before the index is read again.
    for (const key of taken) index.timers.delete(key)
    seen.push(...taken)
  }
  expect(seen).toEqual(keys.slice(0, seen.length))
})

test('what there was no room for comes first the next time', async () => {
  streamTimes.observe('event', 2_000)
  plan('event/a', 1)
  plan('event/b', 2)
  const taken = await timers.takeAlone()
  timers.putBack(taken.slice(1))
  expect(timers.takeBesideEvents()).toEqual(['event/b'])
})

test('a takeover asks once what there is', async () => {
  streamTimes.observe('event', 2_000)
  index.timers.set('event/a', 1)
  timers.restore()
  expect(timers.quietMs()).toBe(0)
  expect(await timers.takeAlone()).toEqual(['event/a'])
})

describe('events', () => {
  let answer: () => void

  beforeEach(() => {
    streamTimes.observe('event', 2_000)
    index.answering = new Promise((resolve) => {
      answer = resolve
    })
  })

  test("don't wait for the index: what it says goes with a later batch", async () => {
    plan('event/a', 1)
    for (let i = 0; i < 3; i++) expect(timers.takeBesideEvents()).toEqual([])
    expect(index.reads).toBe(1)
    // The index hasn't answered yet, but a batch without events needn't wait for them.
    expect(timers.quietMs()).toBe(0)
    answer()
    await sleep(0)
    expect(timers.takeBesideEvents()).toEqual(['event/a'])
  })

  test('have it asked at most every 50 ms', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      answer()
      for (let ms = 0; ms < 1_000; ms += 10) {
        plan('event/a', 1)
        timers.takeBesideEvents()
        await sleep(0)
        vi.advanceTimersByTime(10)
      }
      expect(index.reads).toBe(20)
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([
    ['before those that it knows', 2_100],
    ['after them', 2_900],
  ])('plan timers while it is asked, %s: none is forgotten', async (_, at) => {
    plan('event/a', 1)
    plan('event/b', 2_500)
    expect(timers.takeBesideEvents()).toEqual([])
    plan('event/c', at)
    answer()
    await sleep(0)
    expect(timers.takeBesideEvents()).toEqual(['event/a'])
    index.timers.delete('event/a')
    index.timers.delete('event/b')
    streamTimes.observe('event', 3_000)
    expect(await timers.takeAlone()).toEqual(['event/c'])
  })

  test('hear of its failure by the session', async () => {
    plan('event/a', 1)
    index.answering = Promise.reject(new Error('foreign'))
    expect(timers.takeBesideEvents()).toEqual([])
    await sleep(0)
    expect(failed).toEqual(new Error('foreign'))
    await expect(timers.takeAlone()).rejects.toThrow('foreign')
  })
})

describe('how long to wait for events', () => {
  test('for ever, if nothing is planned or only events make time pass', () => {
    expect(timers.quietMs()).toBe(Number.POSITIVE_INFINITY)
    streamTimes.observe('event', 100)
    plan('event/a', 200)
    expect(timers.quietMs()).toBe(Number.POSITIVE_INFINITY)
  })

  test('until the first timer by the wall clock', () => {
    timers.readUpTo(0)
    plan('wall/a', now + 5_000)
    plan('wall/b', now + 9_000)
    expect(timers.quietMs()).toBe(5_001)
    timers.readUpTo(0)
    plan('wall/c', now - 1)
    expect(timers.quietMs()).toBe(0)
  })
})
