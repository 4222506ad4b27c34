import type { LinearModel, ModelMetrics } from '../schemas/model.ts'
import { predict } from './evaluate.ts'
import type { TrainingExample } from './example.ts'
import { metricsOf } from './metrics.ts'

export interface Comparison {
  /** Whether the challenger should take the champion's place. */
  readonly promote: boolean
  /** Why, or why not, for people. */
  readonly reasons: readonly string[]
  /** Examples that neither model has learned from. */
  readonly examples: number
  /** null when there are too few examples to judge by. */
  readonly champion: ModelMetrics | null
  readonly challenger: ModelMetrics | null
  /** By how much the challenger's mean log loss is smaller, and the standard error of that, paired by example. */
  readonly gain: number
  readonly standardError: number
}

/** Below that a difference says little, and an AUC less. */
const LEAST_EXAMPLES = 200
const LEAST_OF_A_CLASS = 20
/** One-sided 95 %: of challengers that are no better, one in twenty passes. */
const Z = 1.645
const LEAST = 1e-15

/**
 * Champion against challenger on the same examples, those that are newer than what either has learned from. The champion
 * stays unless the challenger's log loss is smaller beyond doubt: log loss, because it falls with ranking and with
 * calibration alike.
 */
export function compareModels(
  champion: LinearModel,
  challenger: LinearModel,
  examples: readonly TrainingExample[],
): Comparison {
  const learnedUntil = Math.max(
    ...[champion, challenger].map(({ training }) => training?.to ?? Number.NEGATIVE_INFINITY),
  )
  const unseen = examples.filter(({ at }) => at >= learnedUntil)
  const positives = unseen.filter(({ label }) => label === 1).length
  if (unseen.length < LEAST_EXAMPLES || Math.min(positives, unseen.length - positives) < LEAST_OF_A_CLASS) {
    const found = `${positives} positive and ${unseen.length - positives} negative`
    const reasons = [`too few unseen examples: ${found}, needs ${LEAST_EXAMPLES}, ${LEAST_OF_A_CLASS} of each`]
    return {
      promote: false,
      reasons,
      examples: unseen.length,
      champion: null,
      challenger: null,
      gain: 0,
      standardError: 0,
    }
  }
  const labels = unseen.map(({ label }) => label)
  const [before, after] = [predict(champion, unseen), predict(challenger, unseen)]
  const { mean, standardError } = meanOf(labels.map((label, i) => lossOf(before[i]!, label) - lossOf(after[i]!, label)))
  const measured = { champion: metricsOf(before, labels), challenger: metricsOf(after, labels) }
  const promote = mean > Z * standardError
  return {
    promote,
    reasons: reasonsOf(promote, mean, standardError, measured),
    examples: unseen.length,
    ...measured,
    gain: mean,
    standardError,
  }
}

function lossOf(probability: number, label: number): number {
  return -Math.log(Math.max(LEAST, label === 1 ? probability : 1 - probability))
}

function meanOf(differences: readonly number[]): { mean: number; standardError: number } {
  const n = differences.length
  const mean = differences.reduce((sum, each) => sum + each, 0) / n
  const variance = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (n - 1)
  return { mean, standardError: Math.sqrt(variance / n) }
}

function reasonsOf(
  promote: boolean,
  gain: number,
  standardError: number,
  { champion, challenger }: { readonly champion: ModelMetrics; readonly challenger: ModelMetrics },
): string[] {
  const by = `by ${Math.abs(gain).toFixed(4)} ± ${standardError.toFixed(4)}`
  const loss = `log loss ${champion.logLoss.toFixed(4)} → ${challenger.logLoss.toFixed(4)}, ${gain >= 0 ? 'smaller' : 'larger'} ${by}`
  return [
    promote ? loss : `${loss}: not smaller beyond doubt`,
    `AUC ${champion.auc.toFixed(4)} → ${challenger.auc.toFixed(4)}`,
    `calibration error ${champion.calibrationError.toFixed(4)} → ${challenger.calibrationError.toFixed(4)}`,
  ]
}
