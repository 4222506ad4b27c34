import { type Moment, newMoment, type QuietOdds } from './quiet-odds.ts'

/** Nobody waits longer for news of a customer; days. */
export const HORIZON_DAYS = 3_650
const SECOND_DAYS = 1 / 86_400
const FIRST_SPAN_DAYS = 8
/** Steps of one search: about ten in practice; more only where the odds run along an edge without crossing it. */
const EFFORT = 100

export interface OddsEdges {
  /** The log odds are past it from there on upwards; Infinity: no such edge. */
  readonly up: number
  /** The log odds are past it below; -Infinity: no such edge. */
  readonly down: number
}

/** Scratch memory of the searches below, which call nobody who searches. */
let near: Moment = newMoment()
let far: Moment = newMoment()

/**
 * Up to when nothing is crossed, at a look: `to`, or a time before it that may be far too early. Costs a tenth of
 * `nextCrossing`. @param from where the odds are past no edge
 */
export function quietUntil(odds: QuietOdds, { up, down }: OddsEdges, from: number, to: number): number {
  const end = odds.at(to, far)
  if (!odds.falls) return end.odds < up ? to : from
  if (!odds.rises) return end.odds >= down ? to : from
  odds.at(from, near)
  const { least, most } = odds.bounds(near, far)
  if (most < up && least >= down) return to
  return from + Math.min(to - from, safeSpan(odds.slopes(near, far), up - near.odds, near.odds - down))
}

/**
 * When the log odds will first be past one of two edges if nothing happens: days after the moment that `odds` were set
 * at, `from` at the earliest, at most a second too late; null for never, or not within HORIZON_DAYS. Where the search takes
 * too long, a time before which nothing is crossed: whoever waits for it asks again then.
 *
 * Odds that only rise or only fall (those of the prior only rise) are searched by root finding. Of any others nothing
 * is assumed: bounds of values and slopes say how far it is safe to go on, span by span.
 */
export function nextCrossing(odds: QuietOdds, edges: OddsEdges, from: number): number | null {
  const { up, down } = edges
  const begin = odds.at(from, near).odds
  if (begin >= up || begin < down) return from
  const canRise = odds.rises && up !== Number.POSITIVE_INFINITY
  const canFall = odds.falls && down !== Number.NEGATIVE_INFINITY
  if (!canRise && !canFall) return null
  if (!odds.falls) return root(odds, up, from, begin - up)
  if (!odds.rises) return root(odds, down, from, begin - down)
  return search(odds, edges)
}

/**
 * The end of a bracket of a second around the one place where monotone odds reach a value, by Chandrupatla's method
 * (1997: inverse quadratic interpolation where that is safe, else bisection) over log1p(days), in which odds are nearly
 * straight lines.
 */
function root(odds: QuietOdds, value: number, from: number, atFrom: number): number | null {
  const horizon = from + HORIZON_DAYS
  const atHorizon = odds.at(horizon, near).odds - value
  if (atFrom < 0 === atHorizon < 0) return null
  let a = Math.log1p(horizon)
  let fa = atHorizon
  let b = Math.log1p(from)
  let fb = atFrom
  let c = b
  let fc = fb
  let share = fa / (fa - fb)
  for (;;) {
    const x = a + share * (b - a)
    const fx = odds.at(Math.expm1(x), near).odds - value
    if (fx < 0 === fa < 0) {
      c = a
      fc = fa
    } else {
      c = b
      fc = fb
      b = a
      fb = fa
    }
    a = x
    fa = fx
    // In log1p(days) a second is the shorter the later it is.
    const tolerance = (0.5 * SECOND_DAYS * Math.exp(-Math.max(a, b))) / Math.abs(b - a)
    if (tolerance >= 0.5) return Math.expm1(Math.max(a, b))
    const xi = (a - b) / (c - b)
    const phi = (fa - fb) / (fc - fb)
    const isSafe = phi * phi < xi && (1 - phi) ** 2 < 1 - xi
    const wanted = isSafe
      ? (fa / (fb - fa)) * (fc / (fb - fc)) + ((c - a) / (b - a)) * (fa / (fc - fa)) * (fb / (fc - fb))
      : 0.5
    share = Math.min(1 - tolerance, Math.max(tolerance, wanted))
  }
}

/** From `near`, which is past no edge: interval Newton steps, each as far as the steepest slope of a span allows. */
function search(odds: QuietOdds, edges: OddsEdges): number | null {
  const { up, down } = edges
  const horizon = near.days + HORIZON_DAYS
  let span = FIRST_SPAN_DAYS
  for (let effort = 0; effort < EFFORT; effort++) {
    const { days, odds: here } = near
    if (days >= horizon) return null
    odds.at(days + span, far)
    const { least, most } = odds.bounds(near, far)
    const isQuiet = most < up && least >= down
    const safe = isQuiet ? span : safeSpan(odds.slopes(near, far), up - here, here - down)
    if (safe < span) {
      odds.at(days + Math.max(safe, SECOND_DAYS), far)
      if (far.odds >= up || far.odds < down) return far.days
      span = Math.max(2 * safe, 2 * SECOND_DAYS)
    } else span *= 2
    const passed = near
    near = far
    far = passed
  }
  return near.days
}

function safeSpan({ least, most }: { least: number; most: number }, above: number, below: number): number {
  return Math.min(
    most > 0 ? above / most : Number.POSITIVE_INFINITY,
    least < 0 ? below / -least : Number.POSITIVE_INFINITY,
  )
}
