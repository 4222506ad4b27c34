import { type CustomerState, HALF_LIVES_DAYS, NEVER } from '../schemas/customer-state.ts'
import { DAY_MS } from './counters.ts'
import { FEATURE_COUNT } from './features.ts'
import type { CompiledModel } from './linear-model.ts'
import { overdueAfter, overdueMoves } from './purchase-rhythm.ts'
import { GROWING, OVERDUE, type QuietTerms, quietTermsOf } from './quiet-terms.ts'
import type { Workings } from './score.ts'

/** Of fading, a day. */
const RATES = HALF_LIVES_DAYS.map((days) => Math.LN2 / days)

/** The log odds at one moment, and what they are made of. */
export interface Moment {
  days: number
  odds: number
  /** Feature value and contribution of each moving term. */
  readonly values: Float64Array
  readonly terms: Float64Array
}

export function newMoment(): Moment {
  return { days: 0, odds: 0, values: new Float64Array(FEATURE_COUNT), terms: new Float64Array(FEATURE_COUNT) }
}

/**
 * A model's log odds for one customer as a function of time, while nothing happens. What stands still is known from the
 * scores just made; what moves is a handful of terms (see Course). It says what computeFeatures and contributionsOf would
 * say, to rounding, in a small part of the time. One object serves customer after customer. Time is days after `asOf`.
 */
export class QuietOdds {
  #model: CompiledModel | null = null
  #state: CustomerState | null = null
  #base = 0
  #count = 0
  readonly #kinds = new Int8Array(FEATURE_COUNT)
  readonly #inputs = new Int32Array(FEATURE_COUNT)
  /** At `asOf`: of a fading term its amount, of any other the days since the time it grows from. */
  readonly #starts = new Float64Array(FEATURE_COUNT)
  readonly #left = new Float64Array(HALF_LIVES_DAYS.length)
  readonly #fades = new Uint8Array(HALF_LIVES_DAYS.length)
  #terms: QuietTerms | null = null
  /** Some term may make the odds rise with time. */
  rises = false
  /** Some term may make them fall. */
  falls = false

  /** @param odds that the model gave the state as of `asOf` @param workings what they were made of */
  set(
    model: CompiledModel,
    state: CustomerState,
    asOf: number,
    odds: number,
    { values, contributions }: Workings,
  ): void {
    const terms = this.#model === model ? this.#terms! : quietTermsOf(model)
    this.#model = model
    this.#terms = terms
    this.#state = state
    this.#count = 0
    this.#fades.fill(0)
    this.rises = false
    this.falls = false
    let base = odds
    for (let j = 0; j < terms.inputs.length; j++) {
      const input = terms.inputs[j]!
      const kind = terms.kinds[j]!
      let start: number
      if (kind < GROWING) {
        if (values[input] === 0) continue
        start = Math.expm1(values[input]!)
        this.#fades[kind] = 1
      } else {
        const since = kind === OVERDUE ? (state.gaps > 0 ? state.lastPurchaseAt : NEVER) : terms.since[j]!(state)
        if (since === NEVER) continue
        start = (asOf - since) / DAY_MS
      }
      const i = this.#count++
      this.#inputs[i] = input
      this.#kinds[i] = kind
      this.#starts[i] = start
      base -= contributions[input]!
      if (terms.rises[j] === 1) this.rises = true
      if (terms.falls[j] === 1) this.falls = true
    }
    this.#base = base
  }

  at(days: number, into: Moment): Moment {
    const { terms, values } = into
    const left = this.#left
    for (let i = 0; i < left.length; i++) if (this.#fades[i] === 1) left[i] = Math.exp(-RATES[i]! * days)
    let odds = this.#base
    for (let i = 0; i < this.#count; i++) {
      const kind = this.#kinds[i]!
      const start = this.#starts[i]!
      let value: number
      if (kind < GROWING) value = Math.log1p(start * left[kind]!)
      else if (kind === GROWING) value = Math.log1p(start + days)
      else value = overdueAfter(start + days, this.#state!)
      const term = contributionAt(this.#model!, this.#inputs[i]!, value)
      values[i] = value
      terms[i] = term
      odds += term
    }
    into.days = days
    into.odds = odds
    return into
  }

  /**
   * Bounds of the odds between two moments: values are monotone in time, and a contribution is made of straight lines, so
   * it is greatest and least at the ends or at a bend between them.
   */
  bounds(from: Moment, to: Moment): { least: number; most: number } {
    const { starts, anchors, bases } = this.#model!
    let least = this.#base
    let most = this.#base
    for (let i = 0; i < this.#count; i++) {
      let low = Math.min(from.terms[i]!, to.terms[i]!)
      let high = Math.max(from.terms[i]!, to.terms[i]!)
      const first = Math.min(from.values[i]!, to.values[i]!)
      const last = Math.max(from.values[i]!, to.values[i]!)
      const input = this.#inputs[i]!
      for (let piece = starts[input]! + 1; piece < starts[input + 1]!; piece++) {
        if (anchors[piece]! <= first || anchors[piece]! >= last) continue
        low = Math.min(low, bases[piece]!)
        high = Math.max(high, bases[piece]!)
      }
      least += low
      most += high
    }
    return { least, most }
  }

  /** Bounds of the odds' slope between two moments, a day. */
  slopes(from: Moment, to: Moment): { least: number; most: number } {
    const { starts, anchors, slopes } = this.#model!
    let least = 0
    let most = 0
    for (let i = 0; i < this.#count; i++) {
      const [a, b] = this.#slopesOf(i, from.days, to.days)
      const first = Math.min(from.values[i]!, to.values[i]!)
      const last = Math.max(from.values[i]!, to.values[i]!)
      const input = this.#inputs[i]!
      const end = starts[input + 1]!
      let low = Infinity
      let high = -Infinity
      for (let piece = starts[input]!; piece < end; piece++) {
        if (piece > starts[input]! && anchors[piece]! > last) break
        if (piece + 1 < end && anchors[piece + 1]! < first) continue
        const slope = slopes[piece]!
        low = Math.min(low, slope * a, slope * b)
        high = Math.max(high, slope * a, slope * b)
      }
      least += low
      most += high
    }
    return { least, most }
  }

  /** Slopes of a term's value between which all others of a span are. */
  #slopesOf(i: number, from: number, to: number): readonly [number, number] {
    const kind = this.#kinds[i]!
    const start = this.#starts[i]!
    if (kind === GROWING) return [1 / (1 + start + from), 1 / (1 + start + to)]
    if (kind < GROWING) return [fadingSlope(RATES[kind]!, start, from), fadingSlope(RATES[kind]!, start, to)]
    const { gaps } = this.#state!
    const moves = overdueMoves(this.#state!)
    if (start + to <= moves.from || start + from >= moves.to) return [0, 0]
    const slope = (days: number): number => gaps / (gaps + 1) / (Math.LN2 * days)
    const isWhole = start + from >= moves.from && start + to <= moves.to
    return [slope(Math.max(start + from, moves.from)), isWhole ? slope(start + to) : 0]
  }
}

function contributionAt({ starts, anchors, bases, slopes }: CompiledModel, input: number, value: number): number {
  const end = starts[input + 1]! - 1
  let piece = starts[input]!
  while (piece < end && value >= anchors[piece + 1]!) piece++
  return bases[piece]! + slopes[piece]! * (value - anchors[piece]!)
}

function fadingSlope(rate: number, start: number, days: number): number {
  const amount = start * Math.exp(-rate * days)
  return (-rate * amount) / (1 + amount)
}
