import { featuresByName } from '../models/features.ts'
import { scoreModel } from '../models/score.ts'
import type { ScoreSample } from '../schemas/avro/score-sample.ts'
import type { ModelKind } from '../schemas/model.ts'
import type { EventContext } from './event-context.ts'
import { FORWARD } from './outcome.ts'
import type { Processor } from './processor.ts'

/**
 * Makes a sample of one of so many events: what the models saw and said, and what a shadow says of the same. The hash of
 * the event's id decides, so that a batch that is done again gives the same, and that a sample costs no more than a division
 * for the events that are none.
 */
export function createSampleScore(): Processor {
  return (context) => {
    const every = context.tenant.watch.sampleEvery
    if (context.cause !== 'event' || every === 0 || context.eventHash % every !== 0) return FORWARD
    context.sample = sampleOf(context)
    return FORWARD
  }
}

function sampleOf(context: EventContext): ScoreSample {
  const { tenantId, customerId, eventId, asOf, arrivedAt, now, features, draft } = context
  const { lead, churn } = context.customer
  return {
    tenantId,
    customerId,
    eventId,
    at: asOf,
    arrivedAt,
    scoredAt: now,
    features: featuresByName(features),
    traits: Object.fromEntries(draft.traits.map(({ name, value }) => [name, value])),
    lead: { modelVersion: lead.modelVersion, probability: lead.probability, ...shadowOf('lead', context) },
    churn: { modelVersion: churn.modelVersion, probability: churn.risk, ...shadowOf('churn', context) },
  }
}

function shadowOf(
  kind: ModelKind,
  { models, features, draft }: EventContext,
): Pick<ScoreSample['lead'], 'shadowVersion' | 'shadowProbability'> {
  const shadow = models.shadows?.[kind]
  if (shadow === undefined) return { shadowVersion: null, shadowProbability: null }
  return { shadowVersion: shadow.version, shadowProbability: scoreModel(shadow, features, draft.traits) }
}
