import type { CustomerState, InteractionType } from '../schemas/customer-state.ts'
import { cloneState } from '../schemas/new-state.ts'
import { computeFeatures } from './compute-features.ts'
import { advanceCounters, count, positionOf } from './counters.ts'
import { FEATURE_COUNT } from './features.ts'
import type { CompiledModel } from './linear-model.ts'
import { scoreModel } from './score.ts'

/** What people can bring about with a customer: of all that a score looks at, the part that can be acted on. */
export const ACTS: readonly InteractionType[] = [
  'demo_request',
  'meeting',
  'call',
  'inquiry',
  'email_reply',
  'email_click',
  'add_to_cart',
  'product_view',
  'login',
  'feature_use',
]

export interface Act {
  readonly act: InteractionType
  /** The probability if it happened once, now. */
  readonly probability: number
  /** By how much that is better: a lead's chance higher, a risk of churn lower. Above 0. */
  readonly gain: number
}

export interface ActOptions {
  /** Epoch ms, not before the state's newest event. */
  readonly asOf: number
  /** A pause after which an interaction opens a new session. */
  readonly sessionGapMs: number
  readonly acts?: readonly InteractionType[]
}

/**
 * Which acts would help most, best first. Not read off the coefficients: the act is added to a copy of the state, with
 * all that hangs on it (engagement, recency, a session), and the customer is scored again.
 */
export function bestActs(model: CompiledModel, state: CustomerState, options: ActOptions): Act[] {
  const features = new Float64Array(FEATURE_COUNT)
  const probabilityOf = (of: CustomerState): number => {
    computeFeatures(of, options.asOf, features)
    return scoreModel(model, features, of.traits)
  }
  const before = probabilityOf(state)
  const better = model.kind === 'lead' ? 1 : -1
  return (options.acts ?? ACTS)
    .map((act) => {
      const probability = probabilityOf(stateAfter(state, act, options))
      return { act, probability, gain: better * (probability - before) }
    })
    .filter(({ gain }) => gain > 0)
    .sort((a, b) => b.gain - a.gain || (a.act < b.act ? -1 : 1))
}

function stateAfter(state: CustomerState, act: InteractionType, { asOf, sessionGapMs }: ActOptions): CustomerState {
  const after = cloneState(state)
  if (after.firstSeenAt < 0) after.firstSeenAt = asOf
  advanceCounters(after, asOf)
  count(after, positionOf(act), asOf)
  after.lastActiveAt = asOf
  if (after.lastInteractionAt < 0 || asOf - after.lastInteractionAt > sessionGapMs) after.sessions++
  after.lastInteractionAt = asOf
  return after
}
