import type { CustomerState, PopulationPlace, Standing } from '../schemas/customer-state.ts'
import { NEVER } from '../schemas/customer-state.ts'
import type { TenantSettings } from '../schemas/settings.ts'
import type { Thresholds } from '../schemas/thresholds.ts'
import { holdRulesOf } from './hold-rules.ts'
import { heldClass } from './hysteresis.ts'
import { type ByRank, loyaltyScore, rankOf } from './loyalty.ts'
import { netMinorOf, placeOf } from './population-place.ts'
import { recencyScoreOf, scoreOf, segmentOf } from './rfm.ts'

export interface Ranked {
  /** The one held so far when nothing of it moved. */
  readonly standing: Standing
  /** From 0 to 1. */
  readonly loyalty: number
  readonly ranks: ByRank
}

/** Whether thresholds, or the tenant's settings, would move a customer: his place, class or tier. */
export function wouldMove(state: CustomerState, thresholds: Thresholds, tenant: TenantSettings): boolean {
  const place = placeOf(state, tenant.currency)
  const ranked = place === null ? null : standingOf(state, place, thresholds, tenant)
  return place !== state.place || (ranked?.standing ?? null) !== state.standing
}

/**
 * Where a customer with a place stands by his tenant's thresholds. R, F, M and segment follow the thresholds at once: they
 * move only when those do or when he buys. The tier has the margin of the tenant's settings, as loyalty is a continuous
 * score and a customer near an edge would go to and fro with every purchase of anybody else.
 * @returns null when nothing is known of customers who pay in his currency
 */
export function standingOf(
  state: CustomerState,
  place: PopulationPlace,
  thresholds: Thresholds,
  tenant: TenantSettings,
): Ranked | null {
  const { recency, frequency, bins, segments } = thresholds
  const monetary = thresholds.monetary[place.currency]
  if (monetary === undefined) return null
  const value = netMinorOf(state)
  const ranks = {
    recency: rankOf(place.day, recency.grid),
    frequency: rankOf(state.purchases, frequency.grid),
    monetary: rankOf(value, monetary.grid),
  }
  const loyalty = loyaltyScore(ranks, tenant.population.loyaltyWeights)
  const held = state.standing
  const tier = heldClass(held?.tier ?? NEVER, NEVER, loyalty, state.newestAt, holdRulesOf(tenant).tier)
  const r = recencyScoreOf(place.day, recency.cuts)
  const f = scoreOf(state.purchases, frequency.cuts)
  const m = scoreOf(value, monetary.cuts)
  const segment = segmentOf(r + f + m, bins, segments)
  const stays =
    held !== null && held.r === r && held.f === f && held.m === m && held.segment === segment && held.tier === tier
  const tierValue = held?.tier === tier ? held.tierValue : loyalty
  return { standing: stays ? held : { r, f, m, segment, tier, tierValue }, loyalty, ranks }
}
