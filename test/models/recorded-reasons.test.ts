import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileModel } from '../../models/linear-model.ts'
import { recordedReasons } from '../../models/recorded-reasons.ts'
import { contributionsOf, createWorkings, topReasons } from '../../models/score.ts'
import { anyFeatures, anyModel, anyTraits } from './any-model.ts'

test('are the top reasons with contributions of whole 2^-20, none of them 0, and values as they are', () => {
  fc.assert(
    fc.property(anyModel, anyFeatures, anyTraits, fc.nat(20), (any, features, traits, most) => {
      const model = compileModel(any)
      const workings = createWorkings()
      contributionsOf(model, features, traits, workings)
      const exact = topReasons(model, workings, most).map((reason) => ({ ...reason }))
      const recorded = recordedReasons(model, workings, most)
      for (const [i, { contribution, ...rest }] of recorded.entries()) {
        expect(rest).toEqual({ feature: exact[i]!.feature, value: exact[i]!.value })
        expect(Number.isInteger(contribution * 2 ** 20)).toBe(true)
        expect(Math.abs(contribution - exact[i]!.contribution)).toBeLessThanOrEqual(2 ** -21)
        expect(contribution).not.toBe(0)
      }
      for (const { contribution } of exact.slice(recorded.length)) {
        expect(Math.abs(contribution)).toBeLessThanOrEqual(2 ** -21)
      }
    }),
  )
})
