import { createBuildCustomer } from '../processors/build-customer.ts'
import { createDeduplicateEvent } from '../processors/deduplicate-event.ts'
import { createDetectChange } from '../processors/detect-change.ts'
import type { EventContext } from '../processors/event-context.ts'
import { FORWARD, type Outcome } from '../processors/outcome.ts'
import { createRankCustomer } from '../processors/rank-customer.ts'
import { createScoreCustomer } from '../processors/score-customer.ts'
import { createUpdateFeatures } from '../processors/update-features.ts'
import { createValidateEvent } from '../processors/validate-event.ts'
import { createTopology, type Topology } from './topology.ts'

/** THE pipeline: what the customer task runs, and what `everscore topology` draws. */
export const scoringTopology: Topology = createTopology()
  .source('profile-events', 'profiles')
  .source('interaction-events', 'interactions')
  .source('transaction-events', 'transactions')
  .source('survey-events', 'surveys')
  .source('outcome-events', 'outcomes')
  .processor('validate-event', createValidateEvent, [
    'profile-events',
    'interaction-events',
    'transaction-events',
    'survey-events',
    'outcome-events',
  ])
  // After validation, so that an event that is refused doesn't enter its id and can be sent again, corrected.
  .processor('deduplicate-event', createDeduplicateEvent, ['validate-event'])
  .processor('update-features', createUpdateFeatures, ['deduplicate-event'])
  .processor('score-customer', createScoreCustomer, ['update-features'])
  .processor('detect-change', createDetectChange, ['score-customer'])
  .processor('rank-customer', createRankCustomer, ['detect-change'])
  // Last, because the record holds the state as all others leave it.
  .processor('build-customer', createBuildCustomer, ['rank-customer'])
  .sink('customer-records', 'customers', ['build-customer'])
  .sink('change-records', 'score-changes', ['detect-change', 'rank-customer'])
  .sink('refused-events', 'dead-letters', ['validate-event', 'update-features'])

export interface Scoring {
  /**
   * Takes one event through the processors, up to the first that doesn't forward it. `forward`: the context's draft is
   * the new state, `customer` and `changes` are to be sent. Anything else: draft and outputs mean nothing.
   * Deterministic but for `scoredAt`; never waits; what a processor throws is thrown.
   */
  process(context: EventContext): Outcome
}

/** Runs scoringTopology. Its processors keep scratch memory, so each task creates its own. */
export function createScoring(): Scoring {
  const steps = scoringTopology.nodes.flatMap((node) => (node.kind === 'processor' ? [node.create()] : []))
  return {
    process(context) {
      context.changes.length = 0
      for (let i = 0; i < steps.length; i++) {
        const outcome = steps[i]!(context)
        if (outcome.kind !== 'forward') return outcome
      }
      return FORWARD
    },
  }
}
