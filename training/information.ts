import { termCount } from '../models/basis.ts'
import { probabilityOf } from '../models/score.ts'
import { type Design, logOddsOf, nodesOf } from './design.ts'
import type { Fit, FitInput } from './newton.ts'

/**
 * Second derivatives of the summed log loss, without the penalty, by coefficients and (last) intercept: a symmetric
 * (terms + 1) × (terms + 1) matrix. A row touches at most two nodes an input, so the sums are taken by nodes, at a cost
 * that doesn't grow with the number of terms, and carried over to terms once.
 */
export function informationOf({ design, weights, rows }: Omit<FitInput, 'labels' | 'penalty'>, fit: Fit): Float64Array {
  const { inputs, slots, shares } = design
  const size = design.nodes + 1
  const byNodes = new Float64Array(size * size)
  const nodeValues = nodesOf(design, fit.coefficients)
  const touched = new Int32Array(2 * inputs.length + 1)
  const amounts = new Float64Array(2 * inputs.length + 1)
  for (const row of rows) {
    const p = probabilityOf(logOddsOf(design, row, fit.intercept, nodeValues))
    let n = 0
    const end = (row + 1) * inputs.length
    for (let i = row * inputs.length; i < end; i++) {
      const share = shares[i]!
      touched[n] = slots[i]!
      amounts[n++] = 1 - share
      if (share === 0) continue
      touched[n] = slots[i]! + 1
      amounts[n++] = share
    }
    touched[n] = design.nodes
    amounts[n++] = 1
    addOuterProduct(byNodes, size, { touched, amounts, n }, weights[row]! * p * (1 - p))
  }
  mirror(byNodes, size)
  return toTerms(design, byNodes)
}

interface SparseRow {
  /** Ascending. */
  readonly touched: Int32Array
  readonly amounts: Float64Array
  readonly n: number
}

/** Adds weight × row' row to the upper triangle. */
function addOuterProduct(matrix: Float64Array, size: number, { touched, amounts, n }: SparseRow, weight: number): void {
  for (let a = 0; a < n; a++) {
    const offset = touched[a]! * size
    const amount = weight * amounts[a]!
    for (let b = a; b < n; b++) matrix[offset + touched[b]!]! += amount * amounts[b]!
  }
}

function mirror(matrix: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) matrix[i * size + j] = matrix[j * size + i]!
  }
}

/** Both sides of a matrix by nodes and the intercept, taken to terms and the intercept. */
function toTerms(design: Design, byNodes: Float64Array): Float64Array {
  const from = design.nodes + 1
  const to = design.terms + 1
  const half = rowsToTerms(design, byNodes, from)
  return rowsToTerms(design, transposed(half, to, from), to)
}

/** The rows of a (nodes + 1) × width matrix combined as terms combine nodes: (terms + 1) × width. */
function rowsToTerms({ inputs, nodes, terms }: Design, matrix: Float64Array, width: number): Float64Array {
  const out = new Float64Array((terms + 1) * width)
  const copyRow = (node: number, term: number): void => {
    out.set(matrix.subarray(node * width, (node + 1) * width), term * width)
  }
  for (const { basis, ramps, firstNode, firstTerm } of inputs) {
    for (let i = ramps - 1; i >= 0; i--) {
      const row = (firstTerm + i) * width
      copyRow(firstNode + i + 1, firstTerm + i)
      if (i < ramps - 1) for (let j = 0; j < width; j++) out[row + j]! += out[row + width + j]!
    }
    for (let i = ramps; i < termCount(basis); i++) copyRow(firstNode + i + (ramps > 0 ? 1 : 0), firstTerm + i)
  }
  copyRow(nodes, terms)
  return out
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(matrix.length)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j]!
  return out
}
