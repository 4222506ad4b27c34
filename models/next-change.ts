import type { CustomerState } from '../schemas/customer-state.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import { DAY_MS } from './counters.ts'
import { holdRulesOf } from './hold-rules.ts'
import { type HoldRule, holdClass } from './hysteresis.ts'
import type { CompiledModel, Models } from './linear-model.ts'
import { nextCrossing, type OddsEdges, quietUntil } from './next-crossing.ts'
import { newMoment, QuietOdds } from './quiet-odds.ts'
import { quietTermsOf } from './quiet-terms.ts'
import { probabilityOf, type Workings } from './score.ts'

const HOUR_DAYS = 1 / 24
/** How far a first look goes where odds may rise and fall. */
const FIRST_LOOK_DAYS = 8
/** In time stamps, so that rounding can't put a timer before its crossing. */
const SECOND_MS = 1_000

export interface Scored {
  /** What the scores are for, epoch ms. */
  readonly asOf: number
  /** Log odds as of then, and what they are made of. */
  readonly leadOdds: number
  readonly leadWorkings: Workings
  readonly churnOdds: number
  readonly churnWorkings: Workings
}

export interface Rules {
  readonly models: Models
  readonly tenant: TenantSettings
}

/** Finds out when to look at a customer again if nothing arrives. Keeps scratch memory and serves one task. */
export class NextChange {
  readonly #odds = new QuietOdds()
  readonly #moment = newMoment()
  #tenant: TenantSettings | null = null
  #churn: HoldRule = { edges: [], margin: 0, minIntervalMs: 0 }
  #lead: HoldRule = this.#churn
  /** Log odds past which band i is left, upwards and downwards. */
  #edges: readonly OddsEdges[] = []

  /**
   * When the next churn band comes if nothing arrives, or a change that the minimum interval holds back: epoch ms after
   * `asOf`; 0 for never. It is at most two seconds too late, or with `isLook` false it may be earlier: a time before which nothing
   * changes, and at which one looks again.
   * @param isLook nothing came since the timer before this was planned
   */
  after(state: CustomerState, scored: Scored, { models, tenant }: Rules, isLook: boolean): number {
    if (tenant !== this.#tenant) this.#use(tenant)
    const churn = this.#nextBand(state, scored, models.churn, isLook)
    const lead = tenant.minIntervalMs.lead === 0 ? 0 : this.#heldBackGrade(state, scored, models.lead)
    return churn === 0 || (lead !== 0 && lead < churn) ? lead : churn
  }

  #nextBand(
    state: CustomerState,
    { asOf, churnOdds, churnWorkings }: Scored,
    model: CompiledModel,
    isLook: boolean,
  ): number {
    const edges = this.#edges[state.churnHeld]!
    const { canRise, canFall } = quietTermsOf(model)
    // Most who are High stay so for as long as nothing comes.
    const canCross = (canRise && edges.up < Infinity) || (canFall && edges.down > -Infinity)
    if (!canCross && !isPast(churnOdds, edges)) return 0
    const odds = this.#odds
    odds.set(model, state, asOf, churnOdds, churnWorkings)
    // No move is possible before that, whatever the odds are by then.
    const free = state.churnHeldSince + this.#churn.minIntervalMs
    const from = Math.max(0, free - asOf) / DAY_MS
    if (!isLook) {
      const known = (state.nextTimerAt - asOf) / DAY_MS
      const to = known > from ? known : odds.rises && odds.falls ? from + FIRST_LOOK_DAYS : 0
      const canMove = (odds.rises && edges.up < Infinity) || (odds.falls && edges.down > -Infinity)
      const begin = from === 0 ? churnOdds : odds.at(from, this.#moment).odds
      if (canMove && to > from && !isPast(begin, edges)) {
        const until = quietUntil(odds, edges, from, to)
        if (until === known) return state.nextTimerAt
        if (until - from >= HOUR_DAYS) return asOf + Math.floor((until * DAY_MS) / SECOND_MS) * SECOND_MS
      }
    }
    const crossing = nextCrossing(odds, edges, from)
    if (crossing === null) return 0
    if (crossing === from && free > asOf) return free
    return asOf + Math.max(1, Math.ceil((crossing * DAY_MS) / SECOND_MS)) * SECOND_MS
  }

  /** A grade that the minimum interval holds back, if at its end it will still be asked for. */
  #heldBackGrade(state: CustomerState, { asOf, leadOdds, leadWorkings }: Scored, model: CompiledModel): number {
    const hold = { held: state.leadHeld, heldSince: state.leadHeldSince }
    const { heldBackUntil } = holdClass({ ...hold, value: probabilityOf(leadOdds), asOf }, this.#lead)
    if (heldBackUntil === null) return 0
    this.#odds.set(model, state, asOf, leadOdds, leadWorkings)
    const { odds } = this.#odds.at((heldBackUntil - asOf) / DAY_MS, this.#moment)
    const then = holdClass({ ...hold, value: probabilityOf(odds), asOf: heldBackUntil }, this.#lead)
    return then.held === state.leadHeld ? 0 : heldBackUntil
  }

  #use(tenant: TenantSettings): void {
    this.#tenant = tenant
    const { lead, churn } = holdRulesOf(tenant)
    this.#lead = lead
    this.#churn = churn
    const { edges, margin } = this.#churn
    this.#edges = Array.from({ length: edges.length + 1 }, (_, held) => ({
      up: held < edges.length ? logOdds(edges[held]! + margin) : Infinity,
      down: held > 0 ? logOdds(edges[held - 1]! - margin) : -Infinity,
    }))
  }
}

function isPast(odds: number, { up, down }: OddsEdges): boolean {
  return odds >= up || odds < down
}

function logOdds(probability: number): number {
  if (probability >= 1) return Infinity
  return probability <= 0 ? -Infinity : Math.log(probability / (1 - probability))
}
