import type { TenantSettings } from '../schemas/settings.ts'
import type { HoldRule } from './hysteresis.ts'

/** How a tenant's classes are held. */
export interface HoldRules {
  readonly lead: HoldRule
  readonly churn: HoldRule
  readonly tier: HoldRule
}

const made = new WeakMap<TenantSettings, HoldRules>()

/** The rules in a tenant's settings; made once of each. */
export function holdRulesOf(tenant: TenantSettings): HoldRules {
  let rules = made.get(tenant)
  if (rules === undefined) {
    const { thresholds, margins, minIntervalMs } = tenant
    rules = {
      lead: { edges: thresholds.lead, margin: margins.lead, minIntervalMs: minIntervalMs.lead },
      churn: { edges: thresholds.churn, margin: margins.churn, minIntervalMs: minIntervalMs.churn },
      // A tier moves as soon as it may: a purchase moves it, or new thresholds.
      tier: { edges: thresholds.tier, margin: margins.tier, minIntervalMs: 0 },
    }
    made.set(tenant, rules)
  }
  return rules
}
