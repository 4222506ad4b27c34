import type { ModelMetrics } from '../schemas/model.ts'

const BINS = 10
/** A probability of 0 or 1 that was wrong would make a mean of logarithms infinite. */
const LEAST = 1e-15

/** Measures of probabilities against labels of the same length, at least one of each class. */
export function metricsOf(probabilities: ArrayLike<number>, labels: ArrayLike<number>): ModelMetrics {
  let logLoss = 0
  let squares = 0
  let positives = 0
  for (let i = 0; i < labels.length; i++) {
    const p = Math.min(1 - LEAST, Math.max(LEAST, probabilities[i]!))
    logLoss -= labels[i] === 1 ? Math.log(p) : Math.log1p(-p)
    squares += (probabilities[i]! - labels[i]!) ** 2
    positives += labels[i]!
  }
  const n = labels.length
  return {
    examples: n,
    positives,
    auc: aucOf(probabilities, labels),
    logLoss: logLoss / n,
    brier: squares / n,
    calibrationError: calibrationErrorOf(probabilities, labels),
  }
}

/**
 * Probability that a positive ranks above a negative, ties half: the Mann-Whitney statistic over mid-ranks.
 * @returns 0.5 when one class is missing
 */
export function aucOf(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Uint32Array.from({ length: labels.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!)
  let positives = 0
  let rankSum = 0
  for (let start = 0; start < order.length; ) {
    let end = start + 1
    let tied = labels[order[start]!]!
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) tied += labels[order[end++]!]!
    positives += tied
    rankSum += tied * ((start + 1 + end) / 2)
    start = end
  }
  const negatives = order.length - positives
  return positives === 0 || negatives === 0
    ? 0.5
    : (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

/** Expected calibration error (Naeini et al. 2015): Σ over ten bins of equal width, share × |mean probability − rate|. */
export function calibrationErrorOf(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  const gaps = new Float64Array(BINS)
  for (let i = 0; i < labels.length; i++) {
    gaps[Math.min(BINS - 1, Math.floor(probabilities[i]! * BINS))]! += probabilities[i]! - labels[i]!
  }
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / labels.length
}
