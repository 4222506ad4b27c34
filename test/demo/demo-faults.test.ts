import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkEvent } from '../../connectors/file-replay/check-event.ts'
import { demoFaults } from '../../demo/simulator/demo-faults.ts'
import { simulate } from '../../demo/simulator/simulate.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { transactions } from './build-transactions.ts'
import { collect } from './collect.ts'

const good = simulate(transactions(40), { seed: 3 })

async function* from(events: readonly InputEvent[]): AsyncGenerator<InputEvent> {
  yield* events
}

describe('demoFaults', () => {
  it('adds exactly what it says, shortly after the original, and leaves the rest as it was', async () => {
    const counts = fc.record({ seed: fc.nat(), events: fc.integer({ min: 1, max: good.length }), every: fc.nat(60) })
    await fc.assert(
      fc.asyncProperty(counts, async ({ seed, events, every }) => {
        const some = good.slice(0, events)
        const { events: faulty, expected } = demoFaults(from(some), seed, every)
        const all = await collect(faulty)
        const bad = all.filter((each) => checkEvent(each, 0) !== null)
        expect(bad.map(({ event }) => event.eventId).sort()).toEqual([...expected.deadLetterIds].sort())
        const reasons = Map.groupBy(bad, (each) => checkEvent(each, 0)!.reason)
        expect(Object.fromEntries([...reasons].map(([reason, each]) => [reason, each.length]))).toEqual(
          expected.deadLettersByReason,
        )
        const seen = new Set<string>()
        const duplicates = all.filter(({ event }) => seen.size === seen.add(event.eventId).size)
        expect([duplicates.length, bad.length]).toEqual([expected.duplicates, expected.deadLetters])
        const rest = all.filter((each) => !bad.includes(each))
        expect([...new Set(rest)]).toEqual(some)
      }),
      { numRuns: 40 },
    )
  })

  it('sends a duplicate while its customer still remembers the id', async () => {
    const { events } = demoFaults(from(good), 5, 50)
    const at = new Map<string, number>()
    let index = 0
    for await (const { event } of events) {
      const first = at.get(event.eventId)
      if (first !== undefined) expect(index - first).toBeLessThan(20)
      else at.set(event.eventId, index)
      index++
    }
  })

  it('is the same for the same seed', async () => {
    const run = (seed: number) => collect(demoFaults(from(good), seed, 20).events)
    expect(await run(1)).toEqual(await run(1))
    expect(await run(1)).not.toEqual(await run(2))
  })

  it('refuses a stream without events', async () => {
    await expect(collect(demoFaults(from([]), 1).events)).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})
