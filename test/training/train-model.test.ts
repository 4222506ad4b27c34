import { describe, expect, it } from 'vitest'
import { compileModel } from '../../models/linear-model.ts'
import { parseModel } from '../../schemas/model.ts'
import { evaluate, predict } from '../../training/evaluate.ts'
import { aucOf, metricsOf } from '../../training/metrics.ts'
import { trainModel } from '../../training/train-model.ts'
import { example, examplesOfTruth, traitsOf } from './build-examples.ts'

const options = { name: 'some', kind: 'lead', version: 'some-1' } as const
const { examples } = examplesOfTruth(6000, 1)
const unseen = examplesOfTruth(6000, 2)
const labels = unseen.examples.map(({ label }) => label)
const model = trainModel(examples, options)

describe('trainModel', () => {
  it('finds a known law: unseen probabilities are close to those the labels were drawn with', () => {
    const learned = predict(model, unseen.examples)
    const error = learned.reduce((sum, each, i) => sum + Math.abs(each - unseen.probabilities[i]!), 0) / learned.length
    expect(error).toBeLessThan(0.06)
    expect(aucOf(learned, labels)).toBeGreaterThan(aucOf(unseen.probabilities, labels) - 0.01)
  })

  it('is calibrated about as well as the law itself, on examples that it has not seen', () => {
    const { calibrationError, brier } = evaluate(model, unseen.examples)
    expect(calibrationError).toBeLessThan(metricsOf(unseen.probabilities, labels).calibrationError + 0.02)
    expect(brier).toBeLessThan(metricsOf(unseen.probabilities, labels).brier + 0.01)
  })

  it('weighs a class without spoiling the probabilities, because calibration takes the weight out again', () => {
    const weighted = evaluate(trainModel(examples, { ...options, positiveWeight: 5 }), unseen.examples)
    expect(weighted.calibrationError).toBeLessThan(0.03)
  })

  it('makes a record that is read back as the same model, and compiles', () => {
    const read = parseModel(JSON.parse(JSON.stringify(model)))
    expect(read).toEqual(model)
    expect(predict(read, unseen.examples.slice(0, 50))).toEqual(predict(model, unseen.examples.slice(0, 50)))
    expect(compileModel(read).names).toContain('traits.seats')
  })

  it('says what it learned from', () => {
    expect(model.training).toMatchObject({ from: 0, to: 6009, examples: 6000, leaks: [] })
    for (const { shares } of Object.values(model.reference!.features)) {
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
    }
    const seats = model.reference!.features['traits.seats']!
    expect(seats.shares.at(-1)).toBeCloseTo(0.2, 1)
  })

  it('gives the same model for the same examples', () => {
    expect(trainModel(examples.slice(0, 1000), options)).toEqual(trainModel(examples.slice(0, 1000), options))
  })

  it('leaves a trait out that knows the answer, and says so', () => {
    const leaking = examples.slice(0, 2000).map((each) => ({
      ...each,
      traits: [...each.traits, ...traitsOf({ status: each.label === 1 ? 'customer' : 'prospect' })],
    }))
    const guarded = trainModel(leaking, options)
    expect(guarded.training!.leaks).toEqual([{ trait: 'status', auc: 1 }])
    expect(guarded.inputs.map(({ feature }) => feature)).not.toContain('traits.status')
  })

  it('leaves a feature out that has moved since the examples, and says so, where the others rank about as well', () => {
    const recent = unseen.examples.map((each) => ({
      ...each,
      features: each.features.map((x, j) => (j === 5 ? x + 1 : x)),
    }))
    const steady = trainModel(examples, { ...options, recent })
    expect(steady.training!.unstable).toMatchObject([{ feature: 'cart_adds' }])
    expect(steady.inputs.map(({ feature }) => feature)).not.toContain('cart_adds')
    expect(Object.keys(steady.reference!.features)).toEqual(steady.inputs.map(({ feature }) => feature))
  })

  it('learns from the first weeks of a log only where too few of a class come later', () => {
    const daily = examples.slice(0, 200).map((each, i) => ({ ...each, at: i * 86_400_000, knownAt: i * 86_400_000 }))
    expect(trainModel(daily, options).training!.examples).toBe(170)
    const early = daily.map((each, i) => ({ ...each, label: i < 30 ? (1 as const) : (0 as const) }))
    expect(trainModel(early, options).training!.examples).toBe(200)
  })

  it('keeps a feature that has moved where nothing stands in for it', () => {
    const alone = examples.map((each) => ({ ...each, traits: [] }))
    const recent = alone.map((each) => ({ ...each, features: each.features.map((x, j) => (j === 0 ? x + 1 : x)) }))
    const kept = trainModel(alone, { ...options, recent })
    expect(kept.training!.unstable).toEqual([])
    expect(kept.inputs.map(({ feature }) => feature)).toContain('engagement_1d')
  })

  it('says how far it is', () => {
    const shares: number[] = []
    trainModel(examples.slice(0, 500), { ...options, onProgress: (share) => shares.push(share) })
    expect(shares.at(-1)).toBe(1)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
  })

  it.each([
    ['label', Array.from({ length: 100 }, (_, i) => example({ label: i < 19 ? 1 : 0 }))],
    ['features', Array.from({ length: 100 }, (_, i) => example({ label: i < 50 ? 1 : 0 }))],
  ])('refuses examples whose %s say nothing', (field, poor) => {
    expect(() => trainModel(poor, options)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', details: { field } }),
    )
  })
})
