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
  const wanted = wantedClass(held, value, rule)
  if (wanted === held || held === NEVER) return { held: wanted, heldBackUntil: null }
  const free = heldSince + rule.minIntervalMs
  return asOf < free ? { held, heldBackUntil: free } : { held: wanted, heldBackUntil: null }
}

/** The class that holdClass holds, without an object: it is asked for several times an event. */
export function heldClass(held: number, heldSince: number, value: number, asOf: number, rule: HoldRule): number {
  const wanted = wantedClass(held, value, rule)
  return wanted !== held && held !== NEVER && asOf < heldSince + rule.minIntervalMs ? held : wanted
}

function wantedClass(held: number, value: number, { edges, margin }: HoldRule): number {
  if (held === NEVER) return classOf(value, edges)
  let next = held
  while (next < edges.length && value >= edges[next]! + margin) next++
  while (next > 0 && value < edges[next - 1]! - margin) next--
  return next
}
