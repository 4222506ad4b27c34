import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { KeptExample } from '../../trainer/kept-examples.ts'
import { waitAlike } from '../../trainer/wait-alike.ts'
import { splitAt } from '../../training/split.ts'
import { example } from '../training/build-examples.ts'

const kept = (at: number, knownAt: number, label: 0 | 1, byHorizon: boolean): KeptExample => ({
  example: example({ at, knownAt, label }),
  byHorizon,
  writtenAt: knownAt,
})

it('outcomes alone are as they came', () => {
  const all = [kept(1, 2, 1, false), kept(3, 90, 0, false)]
  expect(waitAlike(all)).toEqual(all.map(({ example }) => example))
})

it('where horizons label, whoever left is learned from no earlier than whoever stayed, and nobody who would still wait', () => {
  const snapshots = fc.array(fc.record({ at: fc.nat({ max: 1_000 }), after: fc.nat({ max: 200 }) }), { minLength: 1 })
  fc.assert(
    fc.property(snapshots, fc.integer({ min: 1, max: 100 }), fc.nat({ max: 1_200 }), (customers, horizon, now) => {
      // Each customer is told to have left after a while if that is within the horizon, and stays else.
      const all = customers.flatMap(({ at, after }) => {
        if (after <= horizon) return at + after <= now ? [kept(at, at + after, 1, false)] : []
        return at + horizon <= now ? [kept(at, at + horizon, 0, true)] : []
      })
      const wait = all.some(({ byHorizon }) => byHorizon)
      const found = waitAlike(all)
      if (!wait) {
        expect(found).toHaveLength(all.length)
        return
      }
      const reached = Math.max(...all.flatMap(({ example, byHorizon }) => (byHorizon ? [example.knownAt] : [])))
      // At every moment, known are exactly those whose horizon was over by then: of both classes.
      for (let cut = 0; cut <= reached; cut += 7) {
        const whole = customers.filter(
          ({ at, after }) => at + horizon <= cut && (after <= horizon || at + horizon <= now),
        )
        expect(splitAt(found, cut).train).toHaveLength(whole.length)
      }
      expect(found.every(({ knownAt }) => knownAt <= reached)).toBe(true)
    }),
  )
})
