import LogisticRegression from 'ml-logistic-regression'
import { Matrix } from 'ml-matrix'
import { termCount } from '../models/basis.ts'
import type { Design } from './design.ts'
import type { Fit, FitInput } from './newton.ts'

/** Cells of the matrix up to which gradient descent takes less than a second; beyond, Newton's method is faster from nothing. */
const MOST_CELLS = 100_000
const STEPS = 100

/**
 * Where Newton's method starts: what ml-logistic-regression learns by gradient descent, where the examples are few enough;
 * else nothing.
 *
 * As it stands, that learner steps along the gradient summed over all rows, has no intercept and no penalty. So terms are
 * standardised, a column of ones is the intercept, and the rate is 1 / L, L = λmax(X'X) / 4 being the largest curvature that
 * the loss can have: the largest rate that never overshoots (docs/decisions/0004-base-learner-and-newton.md).
 */
export function gradientStart(
  { design, labels, rows }: Omit<FitInput, 'weights' | 'penalty'>,
  { steps = STEPS, mostCells = MOST_CELLS } = {},
): Fit {
  const { means, scales, terms } = design
  const isMixed = rows.some((row) => labels[row] !== labels[rows[0]!])
  if (rows.length * (terms + 1) > mostCells || !isMixed) return { intercept: 0, coefficients: new Float64Array(terms) }
  const features = Matrix.zeros(rows.length, terms + 1)
  const target = Matrix.zeros(rows.length, 1)
  rows.forEach((row, i) => {
    features.setRow(i, standardisedRow(design, row))
    target.set(i, 0, labels[row]!)
  })
  const learner = new LogisticRegression({ numSteps: steps, learningRate: 4 / largestEigenvalue(features) })
  learner.train(features, target)
  const weights = learner.classifiers[0]!.weights.to1DArray()
  const coefficients = Float64Array.from({ length: terms }, (_, i) => weights[i]! / scales[i]!)
  return { intercept: weights[terms]! - coefficients.reduce((sum, each, i) => sum + each * means[i]!, 0), coefficients }
}

/** (term − mean) / scale of every term, and 1. */
function standardisedRow({ inputs, slots, shares, means, scales, terms }: Design, row: number): number[] {
  const out = new Array<number>(terms + 1).fill(0)
  inputs.forEach(({ basis, ramps, firstNode, firstTerm }, i) => {
    const slot = slots[row * inputs.length + i]! - firstNode
    const share = shares[row * inputs.length + i]!
    for (let term = 0; term < termCount(basis); term++) {
      if (term < ramps && slot <= ramps) out[firstTerm + term] = term < slot ? 1 : term === slot ? share : 0
      else if (term >= ramps) out[firstTerm + term] = slot === term + (ramps > 0 ? 1 : 0) ? 1 : 0
    }
  })
  for (let i = 0; i < terms; i++) out[i] = (out[i]! - means[i]!) / scales[i]!
  out[terms] = 1
  return out
}

/** Of X'X, by power iteration; 5 % are added because it comes from below. */
function largestEigenvalue(x: Matrix): number {
  let direction = Matrix.ones(x.columns, 1)
  let value = 1
  for (let i = 0; i < 20; i++) {
    const next = x.transpose().mmul(x.mmul(direction))
    value = next.norm('frobenius')
    direction = next.div(value)
  }
  return 1.05 * value
}
