import { termCount } from '../models/basis.ts'
import { probabilityOf } from '../models/score.ts'
import { AppError } from '../schemas/errors.ts'
import { type LinearModel, type ModelKind, TRAIT_PREFIX } from '../schemas/model.ts'
import { type BasisOptions, basisFor, chooseInputs, type InputColumn } from './choose-inputs.ts'
import { crossValidate } from './cross-validate.ts'
import { createDesign, type Design } from './design.ts'
import type { TrainingExample } from './example.ts'
import { findLeaks, LEAK_AUC } from './find-leaks.ts'
import { findUnstable, type Unstable } from './find-unstable.ts'
import { gradientStart } from './gradient-start.ts'
import { histogramOf, scoreHistogramOf } from './histogram.ts'
import { aucOf } from './metrics.ts'
import { type Fit, type FitInput, fitByNewton } from './newton.ts'
import { type Calibration, fitPlatt } from './platt.ts'
import type { SeenInputs } from './scored-reference.ts'
import { settledExamples } from './settled-examples.ts'

export interface TrainOptions {
  readonly name: string
  readonly kind: ModelKind
  readonly version: string
  readonly basis?: BasisOptions
  /** L2 penalties to choose from, by cross-validation. */
  readonly penalties?: readonly number[]
  readonly folds?: number
  /** How much a positive counts against a negative; calibration takes out what this does to probabilities. */
  readonly positiveWeight?: number
  /** AUC from which a trait alone counts as a leak. */
  readonly leakAuc?: number
  /** Who was seen last, also those whose label isn't known: features that have moved since the examples are left out. */
  readonly recent?: readonly SeenInputs[]
  /** Called as the work goes on, with the share that is done, 0 to 1. */
  readonly onProgress?: (share: number) => void
}

export const PENALTIES: readonly number[] = [3, 10, 30, 100, 300, 1000]
const FOLDS = 5
/** Enough to tell penalties apart and to calibrate by; the coefficients are learned from all. */
const MOST_VALIDATED = 30_000
/** What unstable features may add to the AUC and yet be left out; more means that nothing stands in for them. */
const MOST_AUC_OF_UNSTABLE = 0.1
/** Below that a class is too small to learn from and to be judged on. */
const LEAST_OF_A_CLASS = 20

/**
 * Learns a model from examples: those of a log's first weeks, leaks and unstable features are left out, terms chosen, the
 * penalty chosen by cross-validation, the calibration fitted to the predictions for the folds that each fit hadn't seen,
 * and the coefficients on all examples. Deterministic.
 * @throws AppError INPUT_INVALID when a class has fewer than 20 examples or nothing tells examples apart
 */
export function trainModel(given: readonly TrainingExample[], options: TrainOptions): LinearModel {
  const settled = settledExamples(given)
  const examples = smallerClassOf(settled) < LEAST_OF_A_CLASS ? given : settled
  const labels = Uint8Array.from(examples, ({ label }) => label)
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const smaller = smallerClassOf(examples)
  if (smaller < LEAST_OF_A_CLASS) {
    const problem = `${positives} positive and ${labels.length - positives} negative examples, needs ${LEAST_OF_A_CLASS} of each`
    throw new AppError('INPUT_INVALID', `training examples: ${problem}`, { details: { field: 'label' } })
  }
  const customers = examples.map(({ customer }) => customer)
  const all = chooseInputs(examples, options.basis ?? basisFor(smaller))
  const leaks = findLeaks(all, labels, customers, options.leakAuc ?? LEAK_AUC)
  const columns = all.filter(({ feature }) => !leaks.some(({ trait }) => feature === TRAIT_PREFIX + trait))
  if (columns.length === 0) {
    throw new AppError('INPUT_INVALID', 'training examples: all features are alike', { details: { field: 'features' } })
  }
  const { columns: used, unstable, ...learned } = learnStable(columns, labels, customers, options)
  const { fit, design, calibration, penalty, logOdds } = learned
  return {
    name: options.name,
    kind: options.kind,
    version: options.version,
    ...termsOfModel(design, fit),
    calibration,
    training: {
      from: examples.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY),
      to: examples.reduce((most, { knownAt }) => Math.max(most, knownAt), Number.NEGATIVE_INFINITY),
      examples: examples.length,
      positives,
      penalty,
      leaks,
      unstable,
    },
    reference: {
      features: Object.fromEntries(used.map((column) => [column.feature, histogramOf(column)])),
      score: scoreHistogramOf(logOdds.map((each) => probabilityOf(calibration.slope * each + calibration.offset))),
    },
  }
}

function smallerClassOf(examples: readonly TrainingExample[]): number {
  const positives = examples.filter(({ label }) => label === 1).length
  return Math.min(positives, examples.length - positives)
}

/** A model without the features that have moved, unless they rank so well that nothing stands in for them. */
function learnStable(
  columns: readonly InputColumn[],
  labels: Uint8Array,
  customers: readonly string[],
  options: TrainOptions,
): Learned & { readonly columns: readonly InputColumn[]; readonly unstable: readonly Unstable[] } {
  const unstable = findUnstable(columns, customers, options.recent ?? [])
  const stable = columns.filter(({ feature }) => !unstable.some((each) => each.feature === feature))
  if (unstable.length === 0 || stable.length === 0) {
    return { ...learn(columns, labels, customers, options), columns, unstable: [] }
  }
  const learned = learn(stable, labels, customers, options)
  // By the same penalty: a difference of a tenth shows by any.
  const { onProgress: _, ...quietly } = options
  const all = validate(columns, labels, customers, { ...quietly, penalties: [learned.penalty] })
  if (all.auc - learned.auc <= MOST_AUC_OF_UNSTABLE) return { ...learned, columns: stable, unstable }
  return { ...learn(columns, labels, customers, quietly), columns, unstable: [] }
}

interface Validated {
  readonly design: Design
  readonly penalty: number
  /** Of examples, each by a fit that hadn't seen it, and their labels. */
  readonly logOdds: Float64Array
  readonly known: Uint8Array
  /** Of those. */
  readonly auc: number
  /** What a fit to all rows takes, and where it may start. */
  readonly input: FitInput
  readonly start: Fit
}

interface Learned extends Validated {
  readonly fit: Fit
  readonly calibration: Calibration
}

function learn(
  columns: readonly InputColumn[],
  labels: Uint8Array,
  customers: readonly string[],
  options: TrainOptions,
): Learned {
  const validated = validate(columns, labels, customers, options)
  const fit = fitByNewton(validated.input, validated.start)
  options.onProgress?.(1)
  return { ...validated, fit, calibration: fitPlatt(validated.logOdds, validated.known) }
}

/** Chooses a penalty, and says how well it predicts what it hasn't seen. */
function validate(
  columns: readonly InputColumn[],
  labels: Uint8Array,
  customers: readonly string[],
  { penalties = PENALTIES, folds = FOLDS, positiveWeight = 1, onProgress }: TrainOptions,
): Validated {
  const design = createDesign(columns, labels.length)
  const weights = Float64Array.from(labels, (label) => (label === 1 ? positiveWeight : 1))
  const rows = Int32Array.from(labels.keys())
  const start = gradientStart({ design, labels, rows })
  // One more fit than these, to all rows, comes after them.
  const fits = penalties.length * folds + 1
  let done = 0
  const onFit = () => onProgress?.(++done / fits)
  const validated = rows.filter((row) => row % Math.ceil(rows.length / MOST_VALIDATED) === 0)
  const shared = { design, labels, weights, customers, penalties, folds, start, onFit }
  const { penalty, logOdds } = crossValidate({ ...shared, rows: validated })
  const known = Uint8Array.from(validated, (row) => labels[row]!)
  const input = { design, labels, weights, rows, penalty }
  return { design, penalty, logOdds, known, auc: aucOf(logOdds, known), input, start }
}

/** Coefficients as a model holds them: of standardised terms, the intercept at their means. */
function termsOfModel({ inputs, means, scales }: Design, fit: Fit): Pick<LinearModel, 'intercept' | 'inputs'> {
  return {
    intercept: fit.intercept + fit.coefficients.reduce((sum, each, i) => sum + each * means[i]!, 0),
    inputs: inputs.map(({ feature, basis, firstTerm }) => {
      const part = (numbers: Float64Array) => [...numbers.subarray(firstTerm, firstTerm + termCount(basis))]
      const own = part(scales)
      return {
        feature,
        basis,
        means: part(means),
        scales: own,
        coefficients: part(fit.coefficients).map((each, i) => each * own[i]!),
      }
    }),
  }
}
