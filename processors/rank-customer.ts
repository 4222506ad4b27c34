import { LOYALTY_TIERS } from '../models/loyalty.ts'
import { placeOf } from '../models/population-place.ts'
import { SEGMENTS } from '../models/rfm.ts'
import { type Ranked, standingOf } from '../models/standing.ts'
import type { Standing } from '../schemas/customer-state.ts'
import { pushChange } from './detect-change.ts'
import type { EventContext } from './event-context.ts'
import { DROP_UNCHANGED, FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

/**
 * Finds the customer's place in his tenant's population, and, by the thresholds in force, his RFM scores, segment, loyalty
 * and tier. Until there are thresholds he has none of these.
 */
export function createRankCustomer(): Processor {
  return (context) => {
    const { draft, tenant, thresholds, customer } = context
    const placed = draft.place
    draft.place = placeOf(draft, tenant.currency)
    const ranked =
      draft.place === null || thresholds === null ? null : standingOf(draft, draft.place, thresholds, tenant)
    const before = draft.standing
    draft.standing = ranked?.standing ?? null
    if (context.cause === 'population' && draft.standing === before && draft.place === placed) return DROP_UNCHANGED
    const { rfm } = customer
    rfm.r = ranked?.standing.r ?? null
    rfm.f = ranked?.standing.f ?? null
    rfm.m = ranked?.standing.m ?? null
    rfm.segment = ranked === null ? null : SEGMENTS[ranked.standing.segment]!
    customer.loyalty = ranked === null ? null : { score: ranked.loyalty, tier: LOYALTY_TIERS[ranked.standing.tier]! }
    if (ranked !== null) detectMoves(context, before, ranked)
    return FORWARD
  }
}

function detectMoves(context: EventContext, before: Standing | null, ranked: Ranked): void {
  const { standing, loyalty, ranks } = ranked
  const modelVersion = `thresholds-${context.thresholds!.version}`
  if (before?.segment !== standing.segment) {
    const { r, f, m } = standing
    pushChange(context, {
      kind: 'segment',
      from: before === null ? null : SEGMENTS[before.segment]!,
      to: SEGMENTS[standing.segment]!,
      fromValue: before === null ? 0 : before.r + before.f + before.m,
      toValue: r + f + m,
      reasons: Object.entries({ r, f, m }).map(([feature, value]) => ({ feature, value, contribution: value })),
      modelVersion,
    })
  }
  if (before?.tier !== standing.tier) {
    const weights = context.tenant.population.loyaltyWeights
    const sum = weights.recency + weights.frequency + weights.monetary
    pushChange(context, {
      kind: 'tier',
      from: before === null ? null : LOYALTY_TIERS[before.tier]!,
      to: LOYALTY_TIERS[standing.tier]!,
      fromValue: before?.tierValue ?? 0,
      toValue: loyalty,
      reasons: (['recency', 'frequency', 'monetary'] as const).map((name) => ({
        feature: `${name}_rank`,
        value: ranks[name],
        contribution: (weights[name] * ranks[name]) / sum,
      })),
      modelVersion,
    })
  }
}
