import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { termsOf } from '../../models/basis.ts'
import { FEATURE_COUNT, FEATURES } from '../../models/features.ts'
import { compileModel } from '../../models/linear-model.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import { contributionsOf, createWorkings, probabilityOf, scoreModel, topReasons } from '../../models/score.ts'
import type { Trait, TraitValue } from '../../schemas/customer-state.ts'
import { type LinearModel, type ModelInput, parseModel } from '../../schemas/model.ts'
import { anyFeatures, anyModel, anyTraits } from './any-model.ts'

const names = FEATURES.map(({ name }) => name)

/** Σ over the terms of one input, by the definition. */
function contributionByTerms(
  { feature, basis, means, scales, coefficients }: ModelInput,
  slope: number,
  features: Float64Array,
  traits: readonly Trait[],
): number {
  const trait = traits.find(({ name }) => `traits.${name}` === feature)
  const value = names.includes(feature) ? features[names.indexOf(feature)]! : (trait?.value ?? null)
  const terms = termsOf(basis, value)
  if (terms === null) return 0
  return terms.reduce((sum, term, i) => sum + (slope * coefficients[i]! * (term - means[i]!)) / scales[i]!, 0)
}

const line = (feature: string, mean: number, scale: number, coefficient: number): ModelInput => ({
  feature,
  basis: { kind: 'linear', missing: false },
  means: [mean],
  scales: [scale],
  coefficients: [coefficient],
})
const modelOf = (...inputs: ModelInput[]): LinearModel => ({
  name: 'some',
  kind: 'lead',
  version: 'some-1',
  intercept: -1,
  inputs,
})
const two = (a: number, b: number): LinearModel => modelOf(line('spend', 2, 0.5, a), line('nps', 0, 1, b))
const plan: ModelInput = {
  feature: 'traits.plan',
  basis: { kind: 'levels', levels: ['pro', 'basic'], missing: true },
  means: [0, 0, 0, 0],
  scales: [1, 1, 1, 1],
  coefficients: [1, 2, 3, 4],
}
const seats: ModelInput = {
  feature: 'traits.seats',
  basis: { kind: 'ramps', knots: [0, 10, 100], missing: false },
  means: [0, 0],
  scales: [1, 1],
  coefficients: [1, 0.5],
}

describe('a linear model', () => {
  it('is explained exactly: each contribution is that of its terms, and all add up to the log odds', () => {
    const workings = createWorkings()
    fc.assert(
      fc.property(anyModel, anyFeatures, anyTraits, (any, features, traits) => {
        const { slope, offset } = any.calibration!
        const expected = any.inputs.map((input) => contributionByTerms(input, slope, features, traits))
        const logOdds = contributionsOf(compileModel(any), features, traits, workings)
        expected.forEach((each, i) => {
          expect(Math.abs(workings.contributions[i]! - each)).toBeLessThan(1e-9)
        })
        const sum = expected.reduce((total, each) => total + each, slope * any.intercept + offset)
        expect(Math.abs(logOdds - sum)).toBeLessThan(1e-9)
        expect(scoreModel(compileModel(any), features, traits)).toBe(probabilityOf(logOdds))
      }),
    )
  })

  it.each<[TraitValue | null, number, string]>([
    ['pro', 1, 'traits.plan=pro'],
    ['basic', 2, 'traits.plan=basic'],
    ['gold', 3, 'traits.plan=(other)'],
    [7, 3, 'traits.plan=(other)'],
    [null, 4, 'traits.plan=(missing)'],
  ])('takes the level %j of a trait', (value, contribution, feature) => {
    const model = compileModel(modelOf(plan))
    const workings = createWorkings()
    contributionsOf(model, new Float64Array(FEATURE_COUNT), [{ name: 'plan', value, at: 0 }], workings)
    expect(topReasons(model, workings, 3)).toEqual([{ feature, value: 1, contribution }])
  })

  it.each<[TraitValue | null, number]>([
    [-5, 0],
    [0, 0],
    [5, 0.5],
    [10, 1],
    [55, 1.25],
    [1000, 1.5],
    [null, 0],
    ['many', 0],
  ])('follows the ramps of a number, and stands still beyond them: %j', (value, contribution) => {
    const model = compileModel(modelOf(seats))
    const workings = createWorkings()
    contributionsOf(model, new Float64Array(FEATURE_COUNT), [{ name: 'seats', value, at: 0 }], workings)
    expect(workings.contributions[0]).toBeCloseTo(contribution, 12)
  })

  it.each<[string, LinearModel]>([
    ['inputs.0.means', modelOf({ ...seats, means: [1] })],
    ['inputs.1.coefficients', modelOf(seats, { ...plan, coefficients: [1, Number.NaN, 1, 1] })],
    ['inputs.0.scales', modelOf({ ...seats, scales: [1, 0] })],
    ['intercept', { ...two(1, 1), intercept: Number.POSITIVE_INFINITY }],
    ['calibration', { ...two(1, 1), calibration: { slope: Number.NaN, offset: 0 } }],
    ['inputs', modelOf(seats, seats)],
    ['inputs.0.feature', modelOf(line('shoe_size', 0, 1, 1))],
    ['inputs.0.basis', modelOf({ ...plan, feature: 'nps' })],
    ['inputs.0.basis.knots', modelOf({ ...seats, basis: { kind: 'ramps', knots: [0, 3, 3], missing: false } })],
    ['inputs.0.basis.levels', modelOf({ ...plan, basis: { kind: 'levels', levels: ['pro', 'pro'], missing: true } })],
  ])('is refused when its %s are wrong', (field, wrong) => {
    expect(() => compileModel(wrong)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID', details: { field } }))
  })
})

describe('parseModel', () => {
  it('reads back what a model is written as', () => {
    fc.assert(
      fc.property(anyModel, (any) => {
        expect(parseModel(JSON.parse(JSON.stringify(any)))).toEqual(JSON.parse(JSON.stringify(any)))
      }),
    )
    expect(parseModel(JSON.parse(JSON.stringify(LEAD_PRIOR)))).toEqual(LEAD_PRIOR)
  })

  it.each<[string, object]>([
    ['kind', { kind: 'weather' }],
    ['intercept', { intercept: '3' }],
    ['inputs.0.scales.1', { inputs: [{ ...seats, scales: [1, -1] }] }],
    ['calibration.slope', { calibration: { slope: -1, offset: 0 } }],
    ['the value', { unheardOf: 1 }],
  ])('names the field %s', (field, wrong) => {
    expect(() => parseModel({ ...modelOf(seats), ...wrong })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', details: { field } }),
    )
  })
})

describe('topReasons', () => {
  it('are the largest contributions by size, ties by name, none that is zero', () => {
    const workings = createWorkings()
    fc.assert(
      fc.property(anyModel, anyFeatures, fc.nat({ max: 10 }), (any, features, n) => {
        const flat = {
          ...any,
          inputs: any.inputs
            .filter(({ feature }) => names.includes(feature))
            .map((input) => ({ ...input, coefficients: input.coefficients.map(Math.round) })),
        }
        const compiled = compileModel(flat)
        contributionsOf(compiled, features, [], workings)
        const expected = flat.inputs
          .map(({ feature }, i) => ({
            feature,
            value: features[names.indexOf(feature)]!,
            contribution: workings.contributions[i]!,
          }))
          .filter(({ contribution }) => contribution !== 0)
          .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution) || (a.feature < b.feature ? -1 : 1))
          .slice(0, n)
        expect(topReasons(compiled, workings, n)).toEqual(expected)
      }),
    )
  })

  it('orders equal contributions by name', () => {
    const features = new Float64Array(FEATURE_COUNT)
    features[names.indexOf('spend')] = 3
    features[names.indexOf('nps')] = -2
    const workings = createWorkings()
    const model = compileModel(two(1, 1))
    contributionsOf(model, features, [], workings)
    expect(topReasons(model, workings, 2).map(({ feature }) => feature)).toEqual(['nps', 'spend'])
  })

  it('writes over the array it is given', () => {
    const compiled = compileModel(two(1, 1))
    const workings = createWorkings()
    contributionsOf(compiled, new Float64Array(FEATURE_COUNT), [], workings)
    const into = [1, 2, 3].map((value) => ({ feature: 'old', value, contribution: value }))
    const first = into[0]
    expect(topReasons(compiled, workings, 3, into)).toBe(into)
    expect(into).toEqual([{ feature: 'spend', value: 0, contribution: -4 }])
    expect(into[0]).toBe(first)
  })
})

describe('the priors', () => {
  it.each([LEAD_PRIOR, CHURN_PRIOR])('$version is a sound model of known features', (prior) => {
    expect(compileModel(prior)).toMatchObject({ kind: prior.kind, version: prior.version })
  })
})
