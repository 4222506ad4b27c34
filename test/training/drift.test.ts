import { describe, expect, it } from 'vitest'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import { createCalibrationWatch } from '../../training/calibration-watch.ts'
import { createDriftWatch, populationStability } from '../../training/drift.ts'
import { predict } from '../../training/evaluate.ts'
import type { TrainingExample } from '../../training/example.ts'
import { trainModel } from '../../training/train-model.ts'
import { examplesOfTruth } from './build-examples.ts'

const model = trainModel(examplesOfTruth(3000, 1).examples, { name: 'some', kind: 'lead', version: 'some-1' })
const { examples } = examplesOfTruth(3000, 2)

function reportOn(seen: readonly TrainingExample[]) {
  const watch = createDriftWatch(model)!
  const probabilities = predict(model, seen)
  seen.forEach(({ features, traits }, i) => {
    watch.observe(features, traits, probabilities[i]!)
  })
  return watch.report()
}

const changed = (trait: string, to: (value: unknown, i: number) => string | number | null) =>
  examples.map((each, i) => ({
    ...each,
    traits: each.traits.map((known) => (known.name === trait ? { ...known, value: to(known.value, i) } : known)),
  }))

describe('populationStability', () => {
  it('is the formula', () => {
    // (0.5 − 0.25) ln 2 + (0.5 − 0.75) ln(2 / 3), but for the half observations
    expect(populationStability([0.25, 0.75], [500_000, 500_000], 1_000_000)).toBeCloseTo(0.2746530721670274, 5)
  })

  it('is 0 for the same shares and finite for an empty bin', () => {
    expect(populationStability([0.25, 0.75], [250, 750], 1000)).toBeCloseTo(0, 6)
    expect(populationStability([0, 1], [1000, 0], 1000)).toBeGreaterThan(5)
  })
})

describe('a drift watch', () => {
  it('is quiet while the stream is as it was in training', () => {
    const { alerts, features, score, observed } = reportOn(examples)
    expect(observed).toBe(3000)
    expect(alerts).toEqual([])
    expect(Math.max(...features.map(({ psi }) => psi), score.psi)).toBeLessThan(0.05)
  })

  it('names the trait that has drifted, and the score that it moved', () => {
    const names = reportOn(changed('plan', (plan) => (plan === 'trial' ? 'pro' : 'pro'))).alerts.map(({ name }) => name)
    expect(names).toContain('traits.plan')
    expect(names).not.toContain('traits.noise')
    const moved = reportOn(examples.map((each) => ({ ...each, features: each.features.map((value) => value + 2) })))
    expect(moved.alerts.map(({ name }) => name)).toEqual(expect.arrayContaining(['engagement_1d', 'score']))
  })

  it('notices values that are missing more often', () => {
    const { alerts } = reportOn(changed('seats', (value, i) => (i % 2 === 0 ? null : (value as number))))
    expect(alerts).toEqual([
      expect.objectContaining({ name: 'traits.seats', missingInTraining: expect.closeTo(0.2, 1) }),
    ])
    expect(alerts[0]!.missing).toBeGreaterThan(0.5)
  })

  it('takes a trait that nobody has any more for missing', () => {
    const { alerts } = reportOn(examples.map((each) => ({ ...each, traits: [] })))
    expect(alerts.map(({ name }) => name)).toEqual(expect.arrayContaining(['traits.plan', 'traits.seats']))
  })

  it('waits for enough to judge by', () => {
    const few = changed('plan', () => 'pro').slice(0, 400)
    expect(reportOn(few).alerts).toEqual([])
  })

  it('is none for a model without a reference', () => {
    expect(createDriftWatch(LEAD_PRIOR)).toBeNull()
  })
})

describe('a calibration watch', () => {
  const watchOver = (probabilities: ArrayLike<number>, labels: readonly (0 | 1)[], size = 1000) => {
    const watch = createCalibrationWatch(size)
    labels.forEach((label, i) => {
      watch.observe(probabilities[i]!, label)
    })
    return watch.report()
  }
  const { examples: seen, probabilities } = examplesOfTruth(3000, 4)
  const labels = seen.map(({ label }) => label)

  it('is quiet over probabilities that hold', () => {
    const report = watchOver(probabilities, labels)
    expect(report).toMatchObject({ examples: 1000, alert: false })
    expect(Math.abs(report.z)).toBeLessThan(4)
  })

  it('alerts when fewer convert than were said to', () => {
    expect(
      watchOver(
        probabilities.map((p) => Math.sqrt(p)),
        labels,
      ),
    ).toMatchObject({ alert: true })
  })

  it('looks at the last ones only', () => {
    const watch = createCalibrationWatch(4)
    for (const [p, y] of [
      [0.9, 0],
      [0.9, 0],
      [0.5, 1],
      [0.5, 0],
      [0.25, 0],
      [0.75, 1],
    ] as const)
      watch.observe(p, y)
    expect(watch.report()).toMatchObject({ examples: 4, meanProbability: 0.5, rate: 0.5, brier: 0.15625 })
  })

  it('knows nothing at first', () => {
    expect(createCalibrationWatch(4).report()).toMatchObject({ examples: 0, alert: false })
  })
})
