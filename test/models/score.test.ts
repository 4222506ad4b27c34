import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FEATURE_COUNT, FEATURES } from '../../models/features.ts'
import { compileModel, type LinearModel } from '../../models/linear-model.ts'
import { CHURN_PRIOR } from '../../models/priors/churn-prior.ts'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import { contributionsOf, probabilityOf, scoreModel, topReasons } from '../../models/score.ts'

const names = FEATURES.map(({ name }) => name)
const small = fc.double({ min: -2, max: 2, noNaN: true })
const features = fc
  .array(small, { minLength: FEATURE_COUNT, maxLength: FEATURE_COUNT })
  .map((values) => Float64Array.from(values))

const model: fc.Arbitrary<LinearModel> = fc
  .uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 8 })
  .chain((chosen) => {
    const numbers = (of: fc.Arbitrary<number>) => fc.array(of, { minLength: chosen.length, maxLength: chosen.length })
    return fc.record({
      name: fc.constant('any'),
      kind: fc.constantFrom('lead' as const, 'churn' as const),
      version: fc.constant('any-1'),
      features: fc.constant(chosen),
      means: numbers(small),
      scales: numbers(fc.double({ min: 0.5, max: 3, noNaN: true })),
      coefficients: numbers(fc.double({ min: -1, max: 1, noNaN: true })),
      intercept: small,
      calibration: fc.record({ slope: fc.double({ min: 0.5, max: 1.2, noNaN: true }), offset: small }),
    })
  })

const two = (a: number, b: number): LinearModel => ({
  name: 'two',
  kind: 'lead',
  version: 'two-1',
  features: ['spend', 'nps'],
  means: [2, 0],
  scales: [0.5, 1],
  coefficients: [a, b],
  intercept: -1,
})

describe('a linear model', () => {
  it('gives the probability of the formula, calibration included', () => {
    fc.assert(
      fc.property(model, features, (any, vector) => {
        const { slope, offset } = any.calibration!
        const raw = any.features.reduce((sum, name, i) => {
          const standardised = (vector[names.indexOf(name)]! - any.means[i]!) / any.scales[i]!
          return sum + any.coefficients[i]! * standardised
        }, any.intercept)
        const expected = 1 / (1 + Math.exp(-(slope * raw + offset)))
        expect(Math.abs(scoreModel(compileModel(any), vector) - expected)).toBeLessThan(1e-12)
      }),
    )
  })

  it('is explained exactly: baseline + contributions = log odds of the probability', () => {
    const out = new Float64Array(FEATURE_COUNT)
    fc.assert(
      fc.property(model, features, (any, vector) => {
        const compiled = compileModel(any)
        const logOdds = contributionsOf(compiled, vector, out)
        fc.pre(Math.abs(logOdds) < 12) // beyond, 1 - p has too few digits left to take a logarithm of
        const p = scoreModel(compiled, vector)
        const explained = out.reduce((sum, contribution) => sum + contribution, compiled.baseline)
        expect(Math.abs(explained - Math.log(p / (1 - p)))).toBeLessThan(1e-9)
        expect(probabilityOf(logOdds)).toBe(p)
      }),
    )
  })

  it.each<[string, Partial<LinearModel>]>([
    ['means', { means: [1] }],
    ['coefficients', { coefficients: [1, Number.NaN] }],
    ['scales', { scales: [1, 0] }],
    ['intercept', { intercept: Number.POSITIVE_INFINITY }],
    ['calibration', { calibration: { slope: Number.NaN, offset: 0 } }],
    ['features', { features: ['spend', 'spend'] }],
    ['features', { features: ['spend', 'shoe_size'] }],
  ])('is refused when its %s are wrong', (field, wrong) => {
    expect(() => compileModel({ ...two(1, 1), ...wrong })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', details: { field } }),
    )
  })
})

describe('topReasons', () => {
  const reasonsOf = (any: LinearModel, vector: Float64Array, n: number) => {
    const compiled = compileModel(any)
    const out = new Float64Array(FEATURE_COUNT)
    contributionsOf(compiled, vector, out)
    return topReasons(compiled, vector, out, n)
  }

  it('are the largest contributions by size, ties by name, none that is zero', () => {
    fc.assert(
      fc.property(model, features, fc.nat({ max: 10 }), (any, vector, n) => {
        const flat = { ...any, coefficients: any.coefficients.map((c) => Math.round(c)) }
        const compiled = compileModel(flat)
        const out = new Float64Array(FEATURE_COUNT)
        contributionsOf(compiled, vector, out)
        const expected = names
          .map((feature, i) => ({ feature, value: vector[i]!, contribution: out[i]! }))
          .filter(({ contribution }) => contribution !== 0)
          .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution) || (a.feature < b.feature ? -1 : 1))
          .slice(0, n)
        expect(topReasons(compiled, vector, out, n)).toEqual(expected)
      }),
    )
  })

  it('orders equal contributions by name', () => {
    const vector = new Float64Array(FEATURE_COUNT)
    vector[names.indexOf('spend')] = 3
    vector[names.indexOf('nps')] = -2
    expect(reasonsOf(two(1, 1), vector, 2).map(({ feature }) => feature)).toEqual(['nps', 'spend'])
  })

  it('writes over the array it is given', () => {
    const vector = new Float64Array(FEATURE_COUNT)
    const compiled = compileModel(two(1, 1))
    const out = new Float64Array(FEATURE_COUNT)
    contributionsOf(compiled, vector, out)
    const into = [1, 2, 3].map((value) => ({ feature: 'old', value, contribution: value }))
    const first = into[0]
    expect(topReasons(compiled, vector, out, 3, into)).toBe(into)
    expect(into).toEqual([{ feature: 'spend', value: 0, contribution: -4 }])
    expect(into[0]).toBe(first)
  })
})

describe('the priors', () => {
  it.each([LEAD_PRIOR, CHURN_PRIOR])('$version is a sound model of known features', (prior) => {
    expect(compileModel(prior)).toMatchObject({ kind: prior.kind, version: prior.version })
  })
})
