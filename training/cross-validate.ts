import type { Design } from './design.ts'
import { logOddsOf, nodesOf } from './design.ts'
import { hashOf } from './hash.ts'
import { type Fit, type FitInput, fitByNewton } from './newton.ts'

export interface CrossValidation {
  readonly penalty: number
  /** In the order of the rows: log odds from a fit that knew no example of that customer. */
  readonly logOdds: Float64Array
  /** Mean log loss of each candidate on examples that it hadn't learned from. */
  readonly losses: ReadonlyMap<number, number>
}

export interface CrossValidationInput extends Omit<FitInput, 'penalty'> {
  /** By row of the design. */
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
  const { design, labels, weights, rows, customers, folds } = input
  const foldOf = rows.map((row) => hashOf(customers[row]!) % folds)
  // From the largest penalty down: each fit starts where the one before ended.
  const penalties = [...input.penalties].sort((a, b) => b - a)
  const logOdds = new Map(penalties.map((penalty) => [penalty, new Float64Array(design.rows)]))
  for (let fold = 0; fold < folds; fold++) {
    const known = rows.filter((_, i) => foldOf[i] !== fold)
    const unseen = rows.filter((_, i) => foldOf[i] === fold)
    let fit = input.start
    for (const penalty of penalties) {
      fit = fitByNewton({ design, labels, weights, rows: known, penalty }, fit)
      predict(design, fit, unseen, logOdds.get(penalty)!)
      input.onFit?.()
    }
  }
  const losses = new Map([...logOdds].map(([penalty, each]) => [penalty, meanLoss(each, rows, input)]))
  const penalty = penalties.reduce((best, each) => (losses.get(each)! < losses.get(best)! ? each : best))
  return { penalty, logOdds: Float64Array.from(rows, (row) => logOdds.get(penalty)![row]!), losses }
}

function predict(design: Design, { intercept, coefficients }: Fit, rows: Int32Array, into: Float64Array): void {
  const nodes = nodesOf(design, coefficients)
  for (const row of rows) into[row] = logOddsOf(design, row, intercept, nodes)
}

function meanLoss(logOdds: Float64Array, rows: Int32Array, { labels, weights }: CrossValidationInput): number {
  let loss = 0
  let total = 0
  for (const row of rows) {
    const x = labels[row] === 1 ? -logOdds[row]! : logOdds[row]!
    loss += weights[row]! * (Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))
    total += weights[row]!
  }
  return loss / total
}
