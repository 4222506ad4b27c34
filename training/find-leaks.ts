import { TRAIT_PREFIX } from '../schemas/model.ts'
import type { InputColumn } from './choose-inputs.ts'
import { createDesign } from './design.ts'
import { hashOf } from './hash.ts'
import { aucOf } from './metrics.ts'

export interface Leak {
  /** The trait's name. */
  readonly trait: string
  /** Of this trait alone. */
  readonly auc: number
}

/** A trait that ranks this well all by itself is the label in other clothes, set when the outcome was known. */
export const LEAK_AUC = 0.95

/** The traits that alone separate the classes, worst first. */
export function findLeaks(
  columns: readonly InputColumn[],
  labels: Uint8Array,
  customers: readonly string[],
  threshold: number = LEAK_AUC,
): Leak[] {
  const half = Uint8Array.from(customers, (customer) => hashOf(customer) & 1)
  return columns
    .filter(({ feature }) => feature.startsWith(TRAIT_PREFIX))
    .map((column) => ({ trait: column.feature.slice(TRAIT_PREFIX.length), auc: aucAlone(column, labels, half) }))
    .filter(({ auc }) => auc >= threshold)
    .sort((a, b) => b.auc - a.auc)
}

/**
 * AUC of one column, each example ranked by the rate of its bin (a piece of a number's range, or a level) among the other
 * half of the customers, so that a name or an id with a value for everybody doesn't look like knowledge.
 */
export function aucAlone(column: InputColumn, labels: Uint8Array, half: Uint8Array): number {
  const { slots, nodes } = createDesign([column], labels.length)
  const positives = [new Float64Array(nodes), new Float64Array(nodes)] as const
  const counts = [new Float64Array(nodes), new Float64Array(nodes)] as const
  for (let row = 0; row < labels.length; row++) {
    positives[half[row] as 0 | 1][slots[row]!]! += labels[row]!
    counts[half[row] as 0 | 1][slots[row]!]!++
  }
  const rate = labels.reduce((sum, label) => sum + label, 0) / labels.length
  const scores = Float64Array.from(labels, (_, row) => {
    const other = (1 - half[row]!) as 0 | 1
    return (positives[other][slots[row]!]! + rate) / (counts[other][slots[row]!]! + 1)
  })
  return aucOf(scores, labels)
}
