import { computeFeatures } from '../models/features.ts'
import { contributionsOf, probabilityOf, topReasons } from '../models/score.ts'
import type { EventContext } from './event-context.ts'
import { FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

/** Computes lead probability and churn risk, with reasons, as of the customer's newest event. */
export function createScoreCustomer(): Processor {
  return (context) => {
    computeFeatures(context.draft, context.draft.newestAt, context.features)
    scoreLead(context)
    scoreChurn(context)
    return FORWARD
  }
}

function scoreLead({ models, features, draft, leadWorkings, tenant, customer: { lead } }: EventContext): void {
  lead.probability = probabilityOf(contributionsOf(models.lead, features, draft.traits, leadWorkings))
  lead.score = Math.round(lead.probability * 100)
  lead.modelVersion = models.lead.version
  topReasons(models.lead, leadWorkings, tenant.reasons, lead.reasons)
}

function scoreChurn({ models, features, draft, churnWorkings, tenant, customer: { churn } }: EventContext): void {
  churn.risk = probabilityOf(contributionsOf(models.churn, features, draft.traits, churnWorkings))
  churn.modelVersion = models.churn.version
  topReasons(models.churn, churnWorkings, tenant.reasons, churn.reasons)
}
