import type { Design } from './design.ts'
import { logOddsOf, nodesOf } from './design.ts'
import { hashOf } from './hash.ts'
import { type Fit, type FitInput, fitByNewton } from './newton.ts'

export interface CrossValidation {
  readonly penalty: number
  /** By row: log odds from a fit that knew no example of that customer. */
  readonly logOdds: Float64Array
  /** Mean log loss of each candidate on examples that it hadn't learned from. */
  readonly losses: ReadonlyMap<number, number>
}

export interface CrossValidationInput extends Omit<FitInput, 'rows' | 'penalty'> {
  /** The customer of each row. */
  readonly customers: readonly string[]
  /** At least one. */
  readonly penalties: readonly number[]
  readonly folds: number
  readonly start: Fit
  readonly onFit?: () => void
}

/**
 * Chooses the penalty that predicts best what it hasn't seen. Folds are by customer, by a hash of its key: examples of one
 * customer resemble each other, and with one on each side every penalty would look too large.
 */
export function crossValidate(input: CrossValidationInput): CrossValidation {
  const { design, labels, weights, customers, folds } = input
  const foldOf = Int32Array.from(customers, (customer) => hashOf(customer) % folds)
  // From the largest penalty down: each fit starts where the one before ended.
  const penalties = [...input.penalties].sort((a, b) => b - a)
  const logOdds = new Map(penalties.map((penalty) => [penalty, new Float64Array(design.rows)]))
  for (let fold = 0; fold < folds; fold++) {
    const rows = rowsWhere(foldOf, (each) => each !== fold)
    const unseen = rowsWhere(foldOf, (each) => each === fold)
    let fit = input.start
    for (const penalty of penalties) {
      fit = fitByNewton({ design, labels, weights, rows, penalty }, fit)
      predict(design, fit, unseen, logOdds.get(penalty)!)
      input.onFit?.()
    }
  }
  const losses = new Map([...logOdds].map(([penalty, each]) => [penalty, weightedLoss(each, labels, weights)]))
  const penalty = penalties.reduce((best, each) => (losses.get(each)! < losses.get(best)! ? each : best))
  return { penalty, logOdds: logOdds.get(penalty)!, losses }
}

function rowsWhere(foldOf: Int32Array, test: (fold: number) => boolean): Int32Array {
  return Int32Array.from(foldOf.keys()).filter((row) => test(foldOf[row]!))
}

function predict(design: Design, { intercept, coefficients }: Fit, rows: Int32Array, into: Float64Array): void {
  const nodes = nodesOf(design, coefficients)
  for (const row of rows) into[row] = logOddsOf(design, row, intercept, nodes)
}

function weightedLoss(logOdds: Float64Array, labels: Uint8Array, weights: Float64Array): number {
  let loss = 0
  let total = 0
  for (let row = 0; row < labels.length; row++) {
    const x = labels[row] === 1 ? -logOdds[row]! : logOdds[row]!
    loss += weights[row]! * (Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))
    total += weights[row]!
  }
  return loss / total
}
