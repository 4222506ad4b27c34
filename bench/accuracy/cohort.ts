import type { InputEvent } from '../../schemas/events.ts'
import type { ModelKind } from '../../schemas/model.ts'
import { customerKey } from '../../schemas/partition.ts'
import type { TrainingExample } from '../../training/example.ts'
import { seededRandom, shuffled } from '../../training/random.ts'
import { splitStratified } from '../../training/split.ts'

export interface Table {
  readonly name: string
  readonly kind: ModelKind
  readonly examples: readonly TrainingExample[]
}

/** One split of a table as a tenant of his own: customers of whom the outcome is told, and customers of whom it isn't. */
export interface Cohort {
  readonly tenantId: string
  readonly kind: ModelKind
  readonly train: readonly TrainingExample[]
  readonly test: readonly TrainingExample[]
}

const FROM = Date.UTC(2026, 0, 1)
const APART_MS = 1_000
/** Before the next customer comes, so that what was known at a moment is what came before it. */
const OUTCOME_AFTER_MS = 1

/**
 * A stratified 70/30 split by a seed. A table has no time: its customers come a second apart, in the order of chance, so
 * that the newest of them, by which the trainer judges, are like the others.
 */
export function cohortOf({ name, kind, examples }: Table, seed: number): Cohort {
  const tenantId = `${name}-${seed}`
  const random = seededRandom(seed)
  const { train, test } = splitStratified(examples, 0.3, random)
  let at = FROM
  const inTime = (example: TrainingExample): TrainingExample => {
    at += APART_MS
    const knownAt = at + OUTCOME_AFTER_MS
    return { ...example, customer: customerKey(tenantId, example.customer), at, knownAt }
  }
  return { tenantId, kind, train: shuffled(train, random).map(inTime), test: test.map(inTime) }
}

export function profileOf({ tenantId }: Cohort, { customer, at, traits }: TrainingExample): InputEvent {
  const event = { eventId: 'profile', tenantId, customerId: customer.slice(tenantId.length + 1), occurredAt: at }
  return {
    topic: 'profiles',
    event: { ...event, traits: Object.fromEntries(traits.map(({ name, value }) => [name, value])) },
  }
}

const KINDS = { lead: ['LOST', 'CONVERTED'], churn: ['RETAINED', 'CHURNED'] } as const

export function outcomeOf({ tenantId, kind }: Cohort, { customer, knownAt, label }: TrainingExample): InputEvent {
  const event = { eventId: 'outcome', tenantId, customerId: customer.slice(tenantId.length + 1), occurredAt: knownAt }
  return { topic: 'outcomes', event: { ...event, kind: KINDS[kind][label], valueMinor: null, currency: null } }
}
