import { reachedBy } from '../models/reached-by.ts'
import { createBuildCustomer } from '../processors/build-customer.ts'
import { createCountAnswer } from '../processors/count-answer.ts'
import { createCountOrder } from '../processors/count-order.ts'
import { createDeduplicateEvent } from '../processors/deduplicate-event.ts'
import { createDetectChange } from '../processors/detect-change.ts'
import type { EventContext } from '../processors/event-context.ts'
import { FORWARD, type Outcome } from '../processors/outcome.ts'
import { createPlanTimer } from '../processors/plan-timer.ts'
import type { Processor } from '../processors/processor.ts'
import { createRankCustomer } from '../processors/rank-customer.ts'
import { createSampleScore } from '../processors/sample-score.ts'
import { createScoreCustomer } from '../processors/score-customer.ts'
import { createTakeExample } from '../processors/take-example.ts'
import { createTakeSnapshot } from '../processors/take-snapshot.ts'
import { createUpdateFeatures } from '../processors/update-features.ts'
import { createValidateEvent } from '../processors/validate-event.ts'
import { customerKey } from '../schemas/partition.ts'
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
  // Before the event changes the customer: an example is how he was until then.
  .processor('take-example', createTakeExample, ['deduplicate-event'])
  .processor('update-features', createUpdateFeatures, ['take-example'])
  .timers('due-timers')
  .timers('new-thresholds')
  .timers('new-models')
  .processor('score-customer', createScoreCustomer, ['update-features', 'due-timers', 'new-thresholds', 'new-models'])
  .processor('sample-score', createSampleScore, ['score-customer'])
  .processor('take-snapshot', createTakeSnapshot, ['score-customer'])
  .processor('detect-change', createDetectChange, ['score-customer'])
  // What is held by now decides what may come next.
  .processor('plan-timer', createPlanTimer, ['detect-change'])
  .processor('rank-customer', createRankCustomer, ['plan-timer'])
  .processor('count-answer', createCountAnswer, ['update-features'])
  .processor('count-order', createCountOrder, ['update-features'])
  // Last, because the record holds the state as all others leave it.
  .processor('build-customer', createBuildCustomer, ['rank-customer', 'take-snapshot', 'count-answer', 'count-order'])
  .sink('customer-records', 'customers', ['build-customer'])
  .sink('change-records', 'score-changes', ['detect-change', 'rank-customer'])
  .sink('nps-changes', 'nps-deltas', ['count-answer'])
  .sink('basket-changes', 'basket-deltas', ['count-order'])
  .sink('examples', 'training-examples', ['take-example'])
  .sink('samples', 'score-samples', ['sample-score'])
  .sink('snapshots', 'churn-snapshots', ['take-snapshot'])
  .sink('refused-events', 'dead-letters', ['validate-event', 'update-features', 'count-answer', 'count-order'])

/** Processors that decide whether an event is accepted. */
const JUDGES = ['validate-event', 'deduplicate-event', 'update-features'] as const

export interface Scoring {
  /**
   * Takes one event through the processors, up to the first that doesn't forward it. `forward`: the context's draft is
   * the new state, `customer` and `changes` are to be sent. Anything else: the outputs mean nothing, nor does the draft if
   * `draftChanged`.
   * Deterministic but for `scoredAt`; never waits; what a processor throws is thrown.
   */
  process(context: EventContext): Outcome
  /**
   * Whether `process` would forward the event: the answer of those processors that may refuse or drop one. The draft, and
   * the outputs, mean nothing after it.
   */
  accepts(context: EventContext): boolean
  /**
   * Takes the draft's next timer, which is due, through the processors that come after `due-timers`. `forward` as above;
   * `drop`: nothing changed, and of the draft only `nextTimerAt` is new.
   */
  fire(context: EventContext): Outcome
  /**
   * Judges a customer anew by the context's thresholds, or models, without an event and as of the time for which his scores
   * were made last. `forward` as above; `drop`: nothing of him moved, and the draft means nothing.
   */
  rerank(context: EventContext, cause: 'population' | 'model'): Outcome
}

/** Runs scoringTopology. Its processors keep scratch memory, so each task creates its own. */
export function createScoring(): Scoring {
  const created = new Map<string, Processor>()
  for (const node of scoringTopology.nodes) if (node.kind === 'processor') created.set(node.name, node.create())
  const steps = [...created.values()]
  const stepsFrom = (start: string): Processor[] => [...reachableFrom(start)].flatMap((name) => created.get(name) ?? [])
  const timerSteps = stepsFrom('due-timers')
  const thresholdSteps = stepsFrom('new-thresholds')
  const judges = JUDGES.map((name) => created.get(name)!)
  return {
    process(context) {
      enterEvent(context)
      return run(steps, context)
    },
    accepts(context) {
      enterEvent(context)
      return run(judges, context).kind === 'forward'
    },
    fire(context) {
      const dueAt = context.draft.nextTimerAt
      context.cause = 'timer'
      context.eventId = `timer:${customerKey(context.tenantId, context.customerId)}:${dueAt}`
      context.occurredAt = dueAt
      context.asOf = dueAt
      return run(timerSteps, context)
    },
    rerank(context, cause) {
      const { draft, thresholds, models } = context
      const versions =
        cause === 'population'
          ? (thresholds?.version ?? 0)
          : `${models.lead.version}+${models.churn.version}@${models.since ?? 0}`
      context.cause = cause
      context.eventId = `${cause}:${customerKey(context.tenantId, context.customerId)}:${versions}`
      context.occurredAt = (cause === 'population' && thresholds?.asOf) || draft.newestAt
      context.asOf = reachedBy(draft)
      return run(thresholdSteps, context)
    },
  }
}

function enterEvent(context: EventContext): void {
  const { event } = context.input
  context.cause = 'event'
  context.eventId = event.eventId
  context.occurredAt = event.occurredAt
}

function run(steps: readonly Processor[], context: EventContext): Outcome {
  empty(context.changes)
  empty(context.npsChanges)
  empty(context.basketChanges)
  empty(context.examples)
  context.sample = null
  context.snapshot = null
  context.outcomeWithoutExample = false
  context.late = null
  context.draftChanged = context.cause === 'timer'
  for (let i = 0; i < steps.length; i++) {
    const outcome = steps[i]!(context)
    if (outcome.kind !== 'forward') return outcome
  }
  return FORWARD
}

/** Most are empty: an assignment to `length` is a call of the runtime, whatever it was. */
function empty(items: unknown[]): void {
  if (items.length > 0) items.length = 0
}

/** A node and all that what it forwards comes to, in the order of the topology. */
function reachableFrom(start: string): Set<string> {
  const reached = new Set([start])
  for (const node of scoringTopology.nodes) {
    if ('parents' in node && node.parents.some((parent) => reached.has(parent))) reached.add(node.name)
  }
  return reached
}
