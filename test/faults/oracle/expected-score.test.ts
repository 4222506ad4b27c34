import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FEATURES } from '../../../models/features.ts'
import { compileModel } from '../../../models/linear-model.ts'
import { recordedReasons } from '../../../models/recorded-reasons.ts'
import { contributionsOf, createWorkings, probabilityOf } from '../../../models/score.ts'
import type { TraitValue } from '../../../schemas/customer-state.ts'
import { anyFeatures, anyModel, anyTraits } from '../../models/any-model.ts'
import { expectedScore, isClose, reasonFault } from './expected-score.ts'

describe('expectedScore', () => {
  test('is what the product computes in another way, for every kind of model', () => {
    const anyCase = fc.tuple(anyModel, anyFeatures, anyTraits, fc.integer({ min: 0, max: 20 }))
    fc.assert(
      fc.property(anyCase, ([model, features, traits, most]) => {
        const values = new Map<string, TraitValue>(FEATURES.map(({ name }, i) => [name, features[i]!]))
        for (const { name, value } of traits) if (value !== null) values.set(`traits.${name}`, value)
        const expected = expectedScore(model, values)
        const compiled = compileModel(model)
        const workings = createWorkings()
        const probability = probabilityOf(contributionsOf(compiled, features, traits, workings))
        expect(isClose(probability, expected.probability)).toBe(true)
        expect(reasonFault(recordedReasons(compiled, workings, most), expected, most)).toBeNull()
      }),
    )
  })
})
