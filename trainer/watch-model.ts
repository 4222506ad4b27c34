import type { LinearModel, ModelKind } from '../schemas/model.ts'
import type { ModelWatch } from '../schemas/model-watch.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { createCalibrationWatch } from '../training/calibration-watch.ts'
import { compareScores } from '../training/compare-scores.ts'
import { createDriftWatch } from '../training/drift.ts'
import type { KeptSample } from './kept-samples.ts'

/** A score whose label has become known. */
export interface LabelledScore {
  readonly modelVersion: string
  readonly probability: number
  readonly label: 0 | 1
  /** The moment of the score, epoch ms. */
  readonly at: number
}

export interface Watched {
  readonly kind: ModelKind
  /** That scores the tenant. */
  readonly model: LinearModel
  readonly shadowVersion: string | null
  readonly samples: readonly KeptSample[]
  /** The newest labelled ones. */
  readonly labelled: readonly LabelledScore[]
  readonly settings: TenantSettings
  readonly now: number
}

/** What may alarm. */
export interface Measure {
  readonly name: string
  readonly value: number
  readonly limit: number
}

const RECENT_MS = 10 * 60_000
const LEAST_LATENCIES = 20
const LEAST_LABELLED = 100

/**
 * How a model does in use.
 * @returns what is to be shown, without alerts, and what may alarm: only what enough was seen for
 */
export function watchModel(watched: Watched): { seen: Omit<ModelWatch, 'alerts'>; measures: Measure[] } {
  const { kind, model, now } = watched
  const samples = watched.samples.filter((each) => each[kind].modelVersion === model.version)
  const customers = new Set(samples.map(({ customer }) => customer)).size
  const drift = driftOf(watched, samples, customers)
  const calibration = calibrationOf(watched)
  const latency = latencyOf(watched, samples)
  const { reference } = model
  return {
    seen: {
      modelVersion: model.version,
      at: now,
      samples: samples.length,
      customers,
      reference: reference === undefined ? 'none' : reference.scored === undefined ? 'examples' : 'scored',
      drift: drift.seen,
      calibration: calibration.seen,
      latency: latency.seen,
      shadow: shadowOf(watched, samples),
    },
    measures: [...drift.measures, ...calibration.measures, ...latency.measures],
  }
}

function driftOf(
  { kind, model, settings: { watch } }: Watched,
  samples: readonly KeptSample[],
  customers: number,
): { seen: ModelWatch['drift']; measures: Measure[] } {
  const drift = createDriftWatch(model)
  if (drift === null || samples.length === 0) return { seen: [], measures: [] }
  for (const each of samples) drift.observe(each.features, each.traits, each[kind].probability)
  const limits = { least: watch.leastCustomers, psi: watch.psi, missing: watch.missing }
  const { features, score } = drift.report(limits, customers)
  const all = [...features, score].sort((a, b) => b.psi - a.psi)
  return {
    seen: all.map(({ name, psi, missing, missingInTraining }) => {
      return { name, psi, missing, missingInReference: missingInTraining }
    }),
    measures:
      customers < watch.leastCustomers
        ? []
        : all.flatMap(({ name, psi, psiLimit, missing, missingInTraining, missingLimit }) => [
            { name: `drift:${name}`, value: psi, limit: psiLimit },
            { name: `missing:${name}`, value: Math.abs(missing - missingInTraining), limit: missingLimit },
          ]),
  }
}

function calibrationOf({ model, labelled, settings: { watch } }: Watched): {
  seen: ModelWatch['calibration']
  measures: Measure[]
} {
  const calibration = createCalibrationWatch(Math.max(1, labelled.length))
  for (const { modelVersion, probability, label, at } of labelled) {
    // What it has learned from says nothing of how well it predicts.
    if (modelVersion === model.version && at >= (model.training?.to ?? 0)) calibration.observe(probability, label)
  }
  const { examples, meanProbability, rate, brier, calibrationError, standardError } = calibration.report()
  if (examples === 0) return { seen: null, measures: [] }
  const limit = Math.max(watch.calibration, 4 * standardError)
  return {
    seen: { examples, meanProbability, rate, brier, calibrationError },
    measures:
      examples < LEAST_LABELLED ? [] : [{ name: 'calibration', value: Math.abs(rate - meanProbability), limit }],
  }
}

function latencyOf(
  { now, settings: { watch } }: Watched,
  samples: readonly KeptSample[],
): { seen: ModelWatch['latency']; measures: Measure[] } {
  const waited = samples
    .filter(({ scoredAt }) => scoredAt > now - RECENT_MS)
    .map(({ arrivedAt, scoredAt }) => Math.max(0, scoredAt - arrivedAt))
    .sort((a, b) => a - b)
  if (waited.length === 0) return { seen: null, measures: [] }
  const quantile = (share: number): number => waited[Math.min(waited.length - 1, Math.floor(share * waited.length))]!
  const seen = { samples: waited.length, p50Ms: quantile(0.5), p95Ms: quantile(0.95), p99Ms: quantile(0.99) }
  const measures = [{ name: 'latency', value: seen.p95Ms, limit: watch.latencyMs }]
  return { seen, measures: waited.length < LEAST_LATENCIES ? [] : measures }
}

function shadowOf(
  { kind, shadowVersion, settings: { thresholds } }: Watched,
  samples: readonly KeptSample[],
): ModelWatch['shadow'] {
  if (shadowVersion === null) return null
  const both = samples.filter((each) => each[kind].shadowVersion === shadowVersion)
  if (both.length === 0) return null
  const served = Float64Array.from(both, (each) => each[kind].probability)
  const shadow = Float64Array.from(both, (each) => each[kind].shadowProbability!) // written with the version
  return { version: shadowVersion, ...compareScores(served, shadow, thresholds[kind]) }
}
