import { NEVER } from '../schemas/customer-state.ts'
import { classOf } from './grades.ts'

export interface HoldRule {
  /** Ascending; class i lies between edge i − 1 and edge i. */
  readonly edges: readonly number[]
  /** How far past an edge a value must go to cross it. */
  readonly margin: number
  /** Least time between two moves. */
  readonly minIntervalMs: number
}

export interface HoldInput {
  /** The class held so far, NEVER for none. */
  readonly held: number
  /** Since when, in event time. */
  readonly heldSince: number
  readonly value: number
  readonly asOf: number
}

export interface Hold {
  /** The class to hold from now on. */
  readonly held: number
  /** When the move that the value asks for may happen; null when nothing is held back. */
  readonly heldBackUntil: number | null
}

/**
 * Which class to hold: the first time the one that the value lies in; after that every edge between the held class and
 * the value is crossed only if the value is past it by the margin, however many classes that moves. A move within the
 * minimum interval is held back: judged anew by whoever asks again at `heldBackUntil`.
 */
export function holdClass({ held, heldSince, value, asOf }: HoldInput, rule: HoldRule): Hold {
  const { edges, margin } = rule
  if (held === NEVER) return { held: classOf(value, edges), heldBackUntil: null }
  let next = held
  while (next < edges.length && value >= edges[next]! + margin) next++
  while (next > 0 && value < edges[next - 1]! - margin) next--
  if (next === held) return { held, heldBackUntil: null }
  const free = heldSince + rule.minIntervalMs
  return asOf < free ? { held, heldBackUntil: free } : { held: next, heldBackUntil: null }
}
