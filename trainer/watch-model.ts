import type { LinearModel } from '../schemas/model.ts'
import type { ModelWatch } from '../schemas/served-model.ts'
import { createCalibrationWatch } from '../training/calibration-watch.ts'
import { createDriftWatch } from '../training/drift.ts'
import type { KeptExample } from './kept-examples.ts'

/** So many of the newest labelled scores are looked at. */
const WINDOW = 5_000

/**
 * How the newest examples that a model scored, and hadn't learned from, differ from what it was trained on.
 * @returns null for a model without a training, such as the prior scorecard
 */
export function watchModel(model: LinearModel, examples: readonly KeptExample[], now: number): ModelWatch | null {
  const drift = createDriftWatch(model)
  if (drift === null) return null
  const calibration = createCalibrationWatch(WINDOW)
  const unseen = examples.filter(({ example, modelVersion }) => {
    return modelVersion === model.version && example.at >= model.training!.to
  })
  for (const { example, probability } of unseen.slice(-WINDOW)) {
    drift.observe(example.features, example.traits, probability)
    calibration.observe(probability, example.label)
  }
  const { features, score, alerts } = drift.report()
  const { calibrationError, meanProbability, rate, alert, examples: observed } = calibration.report()
  return {
    at: now,
    observed,
    calibrationError,
    meanProbability,
    rate,
    drift: [...features, score].map(({ name, psi, missing }) => ({ name, psi, missing })).sort((a, b) => b.psi - a.psi),
    alerts: [...alerts.map(({ name }) => name), ...(alert ? ['calibration'] : [])],
  }
}
