import type { InputValue } from '../models/basis.ts'
import { FEATURES } from '../models/features.ts'
import type { Trait } from '../schemas/customer-state.ts'
import { type Histogram, type LinearModel, TRAIT_PREFIX } from '../schemas/model.ts'
import { binCount, binOf } from './histogram.ts'

export interface DriftLimits {
  /** Observations below which nothing is alarming. */
  readonly least: number
  /** Population stability index; by custom 0.1 is a shift worth a look and 0.25 a large one (Siddiqi 2006). */
  readonly psi: number
  /** By how much the share of missing values may differ. */
  readonly missing: number
}

export const DRIFT_LIMITS: DriftLimits = { least: 500, psi: 0.2, missing: 0.1 }

export interface FeatureDrift {
  /** A feature, or `score`. */
  readonly name: string
  readonly psi: number
  readonly missing: number
  readonly missingInTraining: number
}

export interface DriftReport {
  readonly observed: number
  readonly features: readonly FeatureDrift[]
  readonly score: FeatureDrift
  /** Names whose psi or share of missing values is beyond its limit; worst first. */
  readonly alerts: readonly FeatureDrift[]
}

/** Counts what a model sees, against what it was trained on. */
export interface DriftWatch {
  observe(features: Float64Array, traits: readonly Trait[], probability: number): void
  report(limits?: DriftLimits): DriftReport
  /** Begins anew, for the next stretch of time. */
  reset(): void
}

const POSITIONS = new Map(FEATURES.map(({ name }, i) => [name, i]))

/** @returns null for a model without a reference, such as a scorecard */
export function createDriftWatch({ reference, training }: LinearModel): DriftWatch | null {
  if (reference === undefined || training === undefined) return null
  const watched = Object.entries(reference.features).map(([name, histogram]) => ({
    name,
    histogram,
    counts: new Float64Array(binCount(histogram)),
  }))
  const score = { name: 'score', histogram: reference.score, counts: new Float64Array(binCount(reference.score)) }
  let observed = 0
  const driftOf = ({ name, histogram, counts }: typeof score): FeatureDrift => ({
    name,
    psi: populationStability(histogram.shares, counts, training.examples),
    missing: observed === 0 ? 0 : counts.at(-1)! / observed,
    missingInTraining: histogram.shares.at(-1)!,
  })
  return {
    observe(features, traits, probability) {
      observed++
      for (const { name, histogram, counts } of watched)
        counts[binOf(histogram, inputValueOf(name, features, traits))]!++
      score.counts[binOf(score.histogram, probability)]!++
    },
    report(limits = DRIFT_LIMITS) {
      const features = watched.map(driftOf)
      const ofScore = driftOf(score)
      const alerts = [...features, ofScore]
        .filter((each) => observed >= limits.least && isBeyond(each, limits))
        .sort((a, b) => b.psi - a.psi)
      return { observed, features, score: ofScore, alerts }
    },
    reset() {
      observed = 0
      for (const { counts } of [...watched, score]) counts.fill(0)
    },
  }
}

function isBeyond({ psi, missing, missingInTraining }: FeatureDrift, limits: DriftLimits): boolean {
  return psi > limits.psi || Math.abs(missing - missingInTraining) > limits.missing
}

function inputValueOf(name: string, features: Float64Array, traits: readonly Trait[]): InputValue {
  const position = POSITIONS.get(name)
  if (position !== undefined) return features[position]!
  for (const trait of traits) {
    if (trait.name.length + TRAIT_PREFIX.length === name.length && name.endsWith(trait.name)) return trait.value
  }
  return null
}

/**
 * Population stability index: Σ over bins (q − p) ln(q / p). Half an observation is added to each bin on both sides, so
 * that an empty bin doesn't make it infinite.
 * @param shares p, of `size` training examples
 * @param counts of what was observed since
 */
export function populationStability(shares: Histogram['shares'], counts: ArrayLike<number>, size: number): number {
  const bins = shares.length
  let observed = 0
  for (let i = 0; i < bins; i++) observed += counts[i]!
  let psi = 0
  for (let i = 0; i < bins; i++) {
    const p = (shares[i]! * size + 0.5) / (size + 0.5 * bins)
    const q = (counts[i]! + 0.5) / (observed + 0.5 * bins)
    psi += (q - p) * Math.log(q / p)
  }
  return psi
}
