import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aucOf, calibrationErrorOf, metricsOf } from '../../training/metrics.ts'

describe('metricsOf', () => {
  it('agrees with scikit-learn 1.9.1: roc_auc_score, log_loss, brier_score_loss', () => {
    const measured = metricsOf([0.1, 0.4, 0.35, 0.8, 0.8, 0.05, 0.65, 0.3], [0, 0, 1, 1, 0, 0, 1, 1])
    expect(measured).toMatchObject({ examples: 8, positives: 4, auc: 0.65625 })
    expect(measured.logLoss).toBeCloseTo(0.6480798428095933, 12)
    expect(measured.brier).toBeCloseTo(0.2359375, 12)
  })

  it('stays finite for a probability of 1 that was wrong', () => {
    expect(Number.isFinite(metricsOf([1, 0], [0, 1]).logLoss)).toBe(true)
  })
})

describe('aucOf', () => {
  it('is the share of pairs that are ranked right, ties half', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.constantFrom(0, 1)), {
      minLength: 2,
      maxLength: 40,
    })
    fc.assert(
      fc.property(pairs, (examples) => {
        const positives = examples.filter(([, label]) => label === 1)
        const negatives = examples.filter(([, label]) => label === 0)
        fc.pre(positives.length > 0 && negatives.length > 0)
        let won = 0
        for (const [a] of positives) for (const [b] of negatives) won += a > b ? 1 : a === b ? 0.5 : 0
        const expected = won / (positives.length * negatives.length)
        const scores = examples.map(([score]) => score)
        const labels = examples.map(([, label]) => label)
        expect(aucOf(scores, labels)).toBeCloseTo(expected, 12)
      }),
    )
  })

  it('comes to an end over scores that are no numbers', () => {
    expect(aucOf([Number.NaN, Number.NaN, 1], [0, 1, 1])).toBeLessThanOrEqual(1)
  })

  it('says nothing where a class is missing', () => {
    expect(aucOf([1, 2], [1, 1])).toBe(0.5)
  })
})

describe('calibrationErrorOf', () => {
  it('weighs the gap of each tenth by its share', () => {
    // Bin 0: mean .05, rate .5, half of the examples. Bin 9 (with 1): mean .975, rate 1.
    expect(calibrationErrorOf([0.05, 0.05, 0.95, 1], [0, 1, 1, 1])).toBeCloseTo(0.45 / 2 + 0.025 / 2, 12)
  })

  it('is 0 for probabilities that are rates', () => {
    expect(calibrationErrorOf([0.25, 0.25, 0.25, 0.25], [0, 1, 0, 0])).toBe(0)
  })
})
