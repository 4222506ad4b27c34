import { describe, expect, it } from 'vitest'
import { FEATURES } from '../../models/features.ts'
import { chooseBasis, chooseInputs, DEFAULT_BASIS, missingShare } from '../../training/choose-inputs.ts'
import { quantileKnots } from '../../training/quantile-knots.ts'
import { example, traitsOf } from './build-examples.ts'

const times = <T>(n: number, value: T): T[] => new Array<T>(n).fill(value)

describe('quantileKnots', () => {
  it('lie at the quantiles of NumPy', () => {
    // numpy.quantile([1, 2, 4, 8, 16, 32], [0, .25, .5, .75, 1])
    expect(quantileKnots([32, 1, 8, 2, 16, 4], 4)).toEqual([1, 2.5, 6, 14, 32])
  })

  it('are fewer where values repeat', () => {
    expect(quantileKnots([...times(50, 0), 1, 2], 4)).toEqual([0, 2])
    expect(quantileKnots([3, 3, 3], 4)).toEqual([3])
  })
})

describe('chooseBasis', () => {
  it('bends a number at its quantiles and gives what is missing a term of its own', () => {
    const values = Array.from({ length: 101 }, (_, i) => i)
    expect(chooseBasis([...values, null], { ...DEFAULT_BASIS, pieces: 4 })).toEqual({
      kind: 'ramps',
      knots: [0, 25, 50, 75, 100],
      missing: true,
    })
  })

  it('keeps the frequent values of a text, the most frequent first', () => {
    const values = [...times(12, 'pro'), ...times(20, 'basic'), ...times(9, 'rare'), ...times(10, true)]
    expect(chooseBasis(values, DEFAULT_BASIS)).toEqual({
      kind: 'levels',
      levels: ['basic', 'pro', true],
      missing: false,
    })
    expect(chooseBasis(values, { ...DEFAULT_BASIS, maxLevels: 1 })).toMatchObject({ levels: ['basic'] })
  })

  it.each([
    ['the same number', times(30, 4)],
    ['the same text', times(30, 'x')],
    ['nothing but missing', times(30, null)],
    ['texts that are all rare', Array.from({ length: 9 }, (_, i) => `id-${i}`)],
  ])('has no use for %s', (_, values) => {
    expect(chooseBasis(values, DEFAULT_BASIS)).toBeNull()
  })

  it('takes whether a value is there for knowledge, also where the value is always the same', () => {
    expect(chooseBasis([...times(15, 'yes'), ...times(15, null)], DEFAULT_BASIS)).toEqual({
      kind: 'levels',
      levels: ['yes'],
      missing: true,
    })
  })
})

describe('chooseInputs', () => {
  it('takes built-in features and traits that vary, traits in the order of their names', () => {
    const examples = Array.from({ length: 40 }, (_, i) => {
      const features = new Float64Array(FEATURES.length)
      features[2] = i
      return example({
        features,
        traits: traitsOf({ seats: i % 4 === 0 ? null : i, constant: 1, plan: i % 2 ? 'a' : 'b' }),
      })
    })
    const columns = chooseInputs(examples)
    expect(columns.map(({ feature }) => feature)).toEqual([FEATURES[2]!.name, 'traits.plan', 'traits.seats'])
    expect(missingShare(columns[2]!)).toBe(0.25)
  })
})
