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
  /** Beyond which they aren't chance. */
  readonly psiLimit: number
  readonly missingLimit: number
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
  /** @param independent how many of the observations are, such as customers; all when left out */
  report(limits?: DriftLimits, independent?: number): DriftReport
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
  const size = reference.scored?.samples ?? training.examples
  const independentSize = reference.scored?.customers ?? training.examples
  const driftOf = ({ name, histogram, counts }: typeof score, limits: DriftLimits, n: number): FeatureDrift => {
    const missingInTraining = histogram.shares.at(-1)!
    const perOne = 1 / Math.max(1, n) + 1 / Math.max(1, independentSize)
    // Shares of 0 and 1 have no variance, and yet may move by chance.
    const spread = Math.max(missingInTraining * (1 - missingInTraining), 1 / independentSize)
    return {
      name,
      psi: populationStability(histogram.shares, counts, size),
      missing: observed === 0 ? 0 : counts.at(-1)! / observed,
      missingInTraining,
      psiLimit: psiLimitOf(histogram, perOne, limits),
      missingLimit: Math.max(limits.missing, CHANCE * Math.sqrt(spread * perOne)),
    }
  }
  return {
    observe(features, traits, probability) {
      observed++
      for (const { name, histogram, counts } of watched)
        counts[binOf(histogram, inputValueOf(name, features, traits))]!++
      score.counts[binOf(score.histogram, probability)]!++
    },
    report(limits = DRIFT_LIMITS, independent = observed) {
      const features = watched.map((each) => driftOf(each, limits, independent))
      const ofScore = driftOf(score, limits, independent)
      const alerts = [...features, ofScore]
        .filter((each) => independent >= limits.least && isBeyond(each))
        .sort((a, b) => b.psi - a.psi)
      return { observed, features, score: ofScore, alerts }
    },
    reset() {
      observed = 0
      for (const { counts } of [...watched, score]) counts.fill(0)
    },
  }
}

function isBeyond({ psi, psiLimit, missing, missingInTraining, missingLimit }: FeatureDrift): boolean {
  return psi > psiLimit || Math.abs(missing - missingInTraining) > missingLimit
}

/** Standard deviations that chance is given: with hundreds of features, looked at again and again, three come by often. */
const CHANCE = 6

/**
 * Between samples of n and m of one distribution the index over (1/n + 1/m) is about χ² of bins − 1 degrees of freedom
 * (Yurdakul 2018, "Statistical properties of population stability index"), of mean d and variance 2d.
 */
function psiByChance(bins: number): number {
  const freedom = bins - 1
  return freedom + CHANCE * Math.sqrt(2 * freedom)
}

/** The index beyond which values have moved, and not by chance. @param perOne 1/n + 1/m of the two samples */
export function psiLimitOf(histogram: Histogram, perOne: number, limits = DRIFT_LIMITS): number {
  return Math.max(limits.psi, psiByChance(binCount(histogram)) * perOne)
}

/** A feature, or a trait by its name with the prefix. */
export function inputValueOf(name: string, features: Float64Array, traits: readonly Trait[]): InputValue {
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
