import { probabilityOf } from '../models/score.ts'
import { solveCholesky } from './cholesky.ts'
import { type Design, logOddsOf, nodesOf, termsOfNodes } from './design.ts'
import { informationOf } from './information.ts'

export interface FitInput {
  readonly design: Design
  /** 0 or 1 by row of the design. */
  readonly labels: Uint8Array
  /** How much each row counts. */
  readonly weights: Float64Array
  /** The rows to learn from. */
  readonly rows: Int32Array
  /** Above 0. */
  readonly penalty: number
}

/** log odds = intercept + Σ coefficient × term; terms as they are, neither centred nor scaled. */
export interface Fit {
  readonly intercept: number
  readonly coefficients: Float64Array
}

export interface Convergence extends Fit {
  readonly steps: number
  /** Largest derivative of the loss by a standardised coefficient at the end, per unit of weight. */
  readonly gradient: number
}

const MOST_STEPS = 50
const TOLERANCE = 1e-8

/**
 * The minimum of Σ weight × log loss + penalty / 2 × Σ (coefficient × scale)², the intercept free, by Newton's method
 * (iteratively reweighted least squares) with halved steps where a full one doesn't descend. The loss is strictly convex,
 * so the minimum is one, wherever it starts.
 */
export function fitByNewton(input: FitInput, start?: Fit): Convergence {
  const { design, weights, rows } = input
  const { terms, scales } = design
  const total = rows.reduce((sum, row) => sum + weights[row]!, 0)
  let fit: Fit = { intercept: 0, coefficients: new Float64Array(terms) }
  let loss = lossOf(input, fit)
  // A start that is worse than none may lie where the loss is all but flat, which sends Newton's method astray.
  const startLoss = start === undefined ? Number.POSITIVE_INFINITY : lossOf(input, start)
  if (start !== undefined && startLoss < loss) {
    fit = start
    loss = startLoss
  }
  for (let steps = 0; ; steps++) {
    const gradient = gradientOf(input, fit)
    const size = gradient.reduce((most, each, i) => Math.max(most, Math.abs(each / (scales[i] ?? 1))), 0) / total
    if (size < TOLERANCE || steps === MOST_STEPS) return { ...fit, steps, gradient: size }
    const step = newtonStep(input, fit, gradient)
    let share = 1
    let next = moved(fit, step, share)
    let nextLoss = lossOf(input, next)
    while (!(nextLoss <= loss) && share > 1e-6) {
      share /= 2
      next = moved(fit, step, share)
      nextLoss = lossOf(input, next)
    }
    if (!(nextLoss <= loss)) return { ...fit, steps, gradient: size }
    fit = next
    loss = nextLoss
  }
}

function newtonStep(input: FitInput, fit: Fit, gradient: Float64Array): Float64Array {
  const { terms, scales } = input.design
  const size = terms + 1
  const matrix = informationOf(input, fit)
  for (let i = 0; i < terms; i++) matrix[i * size + i]! += input.penalty * scales[i]! ** 2
  // All examples sure: no curvature is left to say how far the intercept should go.
  matrix[size * size - 1]! += 1e-9
  const step = gradient.map((each) => -each)
  if (!solveCholesky(matrix, step)) throw new RangeError('the penalty is too small for terms that depend on each other')
  return step
}

function moved({ intercept, coefficients }: Fit, step: Float64Array, share: number): Fit {
  return {
    intercept: intercept + share * step[coefficients.length]!,
    coefficients: coefficients.map((each, i) => each + share * step[i]!),
  }
}

/** What fitByNewton minimises. */
export function lossOf({ design, labels, weights, rows, penalty }: FitInput, { intercept, coefficients }: Fit): number {
  const nodes = nodesOf(design, coefficients)
  let loss = 0
  for (const row of rows) {
    const logOdds = logOddsOf(design, row, intercept, nodes)
    // log(1 + e^x) - y x without overflow
    const surplus = Math.max(logOdds, 0) + Math.log1p(Math.exp(-Math.abs(logOdds)))
    loss += weights[row]! * (surplus - labels[row]! * logOdds)
  }
  for (let i = 0; i < coefficients.length; i++) loss += (penalty / 2) * (coefficients[i]! * design.scales[i]!) ** 2
  return loss
}

/** Derivatives of the loss by the coefficients, and last by the intercept. */
export function gradientOf({ design, labels, weights, rows, penalty }: FitInput, fit: Fit): Float64Array {
  const { inputs, slots, shares, scales, terms } = design
  const nodes = nodesOf(design, fit.coefficients)
  const byNode = new Float64Array(design.nodes)
  let byIntercept = 0
  for (const row of rows) {
    const error = weights[row]! * (probabilityOf(logOddsOf(design, row, fit.intercept, nodes)) - labels[row]!)
    byIntercept += error
    const end = (row + 1) * inputs.length
    for (let i = row * inputs.length; i < end; i++) {
      const slot = slots[i]!
      const share = shares[i]!
      byNode[slot]! += error * (1 - share)
      if (share > 0) byNode[slot + 1]! += error * share
    }
  }
  const out = new Float64Array(terms + 1)
  out.set(termsOfNodes(design, byNode))
  for (let i = 0; i < terms; i++) out[i]! += penalty * scales[i]! ** 2 * fit.coefficients[i]!
  out[terms] = byIntercept
  return out
}
