import fc from 'fast-check'
import { termCount } from '../../models/basis.ts'
import { FEATURE_COUNT, FEATURES } from '../../models/features.ts'
import type { Trait, TraitValue } from '../../schemas/customer-state.ts'
import type { Basis, LinearModel, ModelInput } from '../../schemas/model.ts'

const TRAITS = ['seats', 'plan', 'city', 'rating']
const LEVELS: readonly TraitValue[] = ['pro', 'basic', true, false, 3, '']
const small = fc.double({ min: -2, max: 2, noNaN: true })

const numeric: fc.Arbitrary<Basis> = fc.oneof(
  fc.record({ kind: fc.constant('linear' as const), missing: fc.boolean() }),
  fc.record({
    kind: fc.constant('ramps' as const),
    knots: fc
      .uniqueArray(fc.integer({ min: -20, max: 20 }), { minLength: 2, maxLength: 9 })
      .map((knots) => knots.sort((a, b) => a - b).map((knot) => knot / 10)),
    missing: fc.boolean(),
  }),
)
const levels: fc.Arbitrary<Basis> = fc.record({
  kind: fc.constant('levels' as const),
  levels: fc.uniqueArray(fc.constantFrom(...LEVELS), { maxLength: 4 }),
  missing: fc.boolean(),
})

function anyInput(feature: string, of: fc.Arbitrary<Basis>): fc.Arbitrary<ModelInput> {
  return of.chain((basis) => {
    const size = { minLength: termCount(basis), maxLength: termCount(basis) }
    return fc.record({
      feature: fc.constant(feature),
      basis: fc.constant(basis),
      means: fc.array(small, size),
      scales: fc.array(fc.double({ min: 0.5, max: 3, noNaN: true }), size),
      coefficients: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), size),
    })
  })
}

const anyInputs: fc.Arbitrary<ModelInput[]> = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...FEATURES.map(({ name }) => name)), { minLength: 1, maxLength: 8 }),
    fc.uniqueArray(fc.constantFrom(...TRAITS), { maxLength: 4 }),
  )
  .chain(([features, traits]) =>
    fc.tuple(
      ...features.map((feature) => anyInput(feature, numeric)),
      ...traits.map((trait) => anyInput(`traits.${trait}`, fc.oneof(numeric, levels))),
    ),
  )

/** A model of some built-in features and traits, on every kind of basis. */
export const anyModel: fc.Arbitrary<LinearModel> = fc.record({
  name: fc.constant('any'),
  kind: fc.constantFrom('lead' as const, 'churn' as const),
  version: fc.constant('any-1'),
  intercept: small,
  inputs: anyInputs,
  calibration: fc.record({ slope: fc.double({ min: 0.5, max: 1.2, noNaN: true }), offset: small }),
})

export const anyFeatures: fc.Arbitrary<Float64Array> = fc
  .array(small, { minLength: FEATURE_COUNT, maxLength: FEATURE_COUNT })
  .map((values) => Float64Array.from(values))

/** Traits with values that suit a basis or don't, removed ones, and ones that no model names. */
export const anyTraits: fc.Arbitrary<Trait[]> = fc
  .dictionary(
    fc.constantFrom(...TRAITS, 'unheard-of'),
    fc.oneof(fc.constantFrom<(TraitValue | null)[]>(null, ...LEVELS, 'rare', 1.5), small),
  )
  .map((traits) => Object.entries(traits).map(([name, value]) => ({ name, value, at: 0 })))
