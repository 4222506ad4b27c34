import { computeFeatures } from '../models/compute-features.ts'
import { recordedReasons } from '../models/recorded-reasons.ts'
import { contributionsOf, probabilityOf } from '../models/score.ts'
import type { EventContext } from './event-context.ts'
import { FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

/** Computes lead probability and churn risk, with reasons, as of the customer's newest event or the timer's due time. */
export function createScoreCustomer(): Processor {
  return (context) => {
    computeFeatures(context.draft, context.asOf, context.features)
    scoreLead(context)
    scoreChurn(context)
    return FORWARD
  }
}

function scoreLead(context: EventContext): void {
  const { models, features, draft, leadWorkings, tenant } = context
  const { lead } = context.customer
  context.leadOdds = contributionsOf(models.lead, features, draft.traits, leadWorkings)
  lead.probability = probabilityOf(context.leadOdds)
  lead.score = Math.round(lead.probability * 100)
  lead.modelVersion = models.lead.version
  recordedReasons(models.lead, leadWorkings, tenant.reasons, lead.reasons)
}

function scoreChurn(context: EventContext): void {
  const { models, features, draft, churnWorkings, tenant } = context
  const { churn } = context.customer
  context.churnOdds = contributionsOf(models.churn, features, draft.traits, churnWorkings)
  churn.risk = probabilityOf(context.churnOdds)
  churn.modelVersion = models.churn.version
  recordedReasons(models.churn, churnWorkings, tenant.reasons, churn.reasons)
}
