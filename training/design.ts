import { type InputValue, isMissing, ownTerms, termCount } from '../models/basis.ts'
import type { Basis } from '../schemas/model.ts'
import type { InputColumn } from './choose-inputs.ts'

/**
 * The examples as a solver sees them. A function of ramps is known by its values at its knots, one of levels by a value for
 * each level: these are its nodes. An example lies at one node or between two neighbours, so a row of 50 features is 50
 * pairs of numbers, however many terms they have.
 */
export interface Design {
  readonly rows: number
  readonly inputs: readonly DesignInput[]
  readonly nodes: number
  readonly terms: number
  /** rows × inputs: the node at or below the value. */
  readonly slots: Int32Array
  /** rows × inputs: the way from that node to the next one, 0 up to 1. */
  readonly shares: Float64Array
  /** Mean and standard deviation (1 for a term that never changes) of each term. */
  readonly means: Float64Array
  readonly scales: Float64Array
}

export interface DesignInput {
  readonly feature: string
  readonly basis: Basis
  readonly firstNode: number
  readonly firstTerm: number
  /** Ramps have a node more than terms: that of the first knot, where all ramps are 0. */
  readonly ramps: number
}

export function createDesign(columns: readonly InputColumn[], rows: number): Design {
  let nodes = 0
  let terms = 0
  const inputs = columns.map(({ feature, basis }): DesignInput => {
    const input = {
      feature,
      basis,
      firstNode: nodes,
      firstTerm: terms,
      ramps: basis.kind === 'ramps' ? ownTerms(basis) : 0,
    }
    terms += termCount(basis)
    nodes += termCount(basis) + (basis.kind === 'ramps' ? 1 : 0)
    return input
  })
  const slots = new Int32Array(rows * inputs.length)
  const shares = new Float64Array(rows * inputs.length)
  columns.forEach(({ basis, values }, i) => {
    const place = placing(basis)
    for (let row = 0; row < rows; row++) {
      const position = place(values[row]!)
      const slot = Math.floor(position)
      slots[row * inputs.length + i] = inputs[i]!.firstNode + slot
      shares[row * inputs.length + i] = position - slot
    }
  })
  const design = { rows, inputs, nodes, terms, slots, shares }
  return { ...design, ...moments(design) }
}

/** A value's place among the nodes of its basis: 2.25 is a quarter of the way from node 2 to node 3. */
function placing(basis: Basis): (value: InputValue) => number {
  if (basis.kind === 'linear') throw new RangeError('a design takes ramps and levels')
  const missing = ownTerms(basis) + (basis.kind === 'ramps' ? 1 : 0)
  if (basis.kind === 'levels') {
    const positions = new Map<InputValue, number>(basis.levels.map((level, i) => [level, i]))
    return (value) => (value === null ? missing : (positions.get(value) ?? basis.levels.length))
  }
  const { knots } = basis
  const last = knots.length - 1
  return (value) => {
    if (isMissing(basis, value)) return missing
    const number = value as number // isMissing lets only numbers pass
    if (number <= knots[0]!) return 0
    if (number >= knots[last]!) return last
    let i = 0
    while (number >= knots[i + 1]!) i++
    return i + (number - knots[i]!) / (knots[i + 1]! - knots[i]!)
  }
}

function moments({ rows, inputs, nodes, terms, slots, shares }: Omit<Design, 'means' | 'scales'>) {
  const count = new Float64Array(nodes)
  const sum = new Float64Array(nodes)
  const squares = new Float64Array(nodes)
  for (let i = 0; i < slots.length; i++) {
    count[slots[i]!]!++
    sum[slots[i]!]! += shares[i]!
    squares[slots[i]!]! += shares[i]! ** 2
  }
  const means = new Float64Array(terms)
  const scales = new Float64Array(terms).fill(1)
  for (const input of inputs) {
    let above = 0
    for (let term = termCount(input.basis) - 1; term >= 0; term--) {
      const isRamp = term < input.ramps
      const node = input.firstNode + term + (input.ramps > 0 && !isRamp ? 1 : 0)
      // A ramp is 1 for all that lies at a node above its own, and on its way for what lies between.
      if (isRamp) above += count[node + 1]!
      const mean = (isRamp ? above + sum[node]! : count[node]!) / rows
      const square = (isRamp ? above + squares[node]! : count[node]!) / rows
      const variance = square - mean * mean
      means[input.firstTerm + term] = mean
      if (variance > 1e-12) scales[input.firstTerm + term] = Math.sqrt(variance)
    }
  }
  return { means, scales }
}

/** The functions' values at their nodes, from the coefficients of their terms (not standardised). */
export function nodesOf({ inputs, nodes }: Design, coefficients: Float64Array): Float64Array {
  const out = new Float64Array(nodes)
  for (const { basis, ramps, firstNode, firstTerm } of inputs) {
    for (let i = 0; i < ramps; i++) out[firstNode + i + 1] = out[firstNode + i]! + coefficients[firstTerm + i]!
    for (let i = ramps; i < termCount(basis); i++) {
      out[firstNode + i + (ramps > 0 ? 1 : 0)] = coefficients[firstTerm + i]!
    }
  }
  return out
}

/** The transpose of nodesOf: what a derivative by the nodes is by the coefficients. */
export function termsOfNodes({ inputs, terms }: Design, byNode: Float64Array): Float64Array {
  const out = new Float64Array(terms)
  for (const { basis, ramps, firstNode, firstTerm } of inputs) {
    let above = 0
    for (let i = ramps - 1; i >= 0; i--) {
      above += byNode[firstNode + i + 1]!
      out[firstTerm + i] = above
    }
    for (let i = ramps; i < termCount(basis); i++) {
      out[firstTerm + i] = byNode[firstNode + i + (ramps > 0 ? 1 : 0)]!
    }
  }
  return out
}

/** intercept + Σ of the row's functions. @param nodes as nodesOf gives them */
export function logOddsOf(
  { inputs, slots, shares }: Design,
  row: number,
  intercept: number,
  nodes: Float64Array,
): number {
  let sum = intercept
  const end = (row + 1) * inputs.length
  for (let i = row * inputs.length; i < end; i++) {
    const slot = slots[i]!
    const share = shares[i]!
    sum += share === 0 ? nodes[slot]! : nodes[slot]! + share * (nodes[slot + 1]! - nodes[slot]!)
  }
  return sum
}
