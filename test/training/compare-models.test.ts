import { describe, expect, it } from 'vitest'
import { LEAD_PRIOR } from '../../models/priors/lead-prior.ts'
import { compareModels } from '../../training/compare-models.ts'
import { predict } from '../../training/evaluate.ts'
import { trainModel } from '../../training/train-model.ts'
import { examplesOfTruth } from './build-examples.ts'

const options = { name: 'some', kind: 'lead', version: 'some-1' } as const
const { examples } = examplesOfTruth(5000, 1)
const old = trainModel(examples.slice(0, 400), options)
const rich = trainModel(examples.slice(0, 3000), options)

describe('compareModels', () => {
  it('promotes who learned more, and says why', () => {
    const comparison = compareModels(old, rich, examples)
    expect(comparison).toMatchObject({ promote: true, examples: 5000 - 3009 })
    expect(comparison.reasons[0]).toMatch(/^log loss \S+ → \S+, smaller by \S+ ± \S+$/)
    expect(compareModels(rich, old, examples).promote).toBe(false)
    expect(compareModels(LEAD_PRIOR, rich, examples).promote).toBe(true)
  })

  it('judges by examples alone that are newer than what either model has learned from', () => {
    const comparison = compareModels(old, rich, examples)
    const unseen = examples.filter(({ at }) => at >= rich.training!.to)
    const loss = (model: typeof old) =>
      predict(model, unseen).reduce((sum, p, i) => sum - Math.log(unseen[i]!.label === 1 ? p : 1 - p), 0) /
      unseen.length
    expect(comparison.gain).toBeCloseTo(loss(old) - loss(rich), 12)
  })

  it('keeps the champion against its equal', () => {
    const { promote, gain, reasons } = compareModels(rich, rich, examples)
    expect({ promote, gain }).toEqual({ promote: false, gain: 0 })
    expect(reasons[0]).toContain('not smaller beyond doubt')
  })

  it('keeps the champion where there is too little to judge by', () => {
    const { promote, reasons, challenger } = compareModels(old, rich, examples.slice(0, 3100))
    expect({ promote, challenger }).toEqual({ promote: false, challenger: null })
    expect(reasons[0]).toMatch(/^too few unseen examples: \d+ positive and \d+ negative, needs 200, 20 of each$/)
  })
})
