import { nextLookAt } from '../models/next-look.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { Scoring } from '../topology/scoring.ts'
import type { BatchDrafts } from './batch-drafts.ts'
import type { CachedCustomer } from './customer-cache.ts'
import type { ErrorRate } from './error-rate.ts'
import type { StreamTimes } from './stream-time.ts'

export interface TimerFiringOptions {
  readonly drafts: BatchDrafts
  readonly scoring: Scoring
  readonly errors: ErrorRate
  readonly streamTimes: StreamTimes
}

/** Fires the timers of the customers of a batch, each before what comes after it in time. */
export class TimerFiring {
  readonly #options: TimerFiringOptions

  constructor(options: TimerFiringOptions) {
    this.#options = options
  }

  /** Those that are due before an event of the customer, or before the newest event of his tenant. */
  passTime(input: InputEvent, customer: CachedCustomer): void {
    const lookAt = nextLookOf(customer)
    if (lookAt === 0) return
    const { tenantId, occurredAt } = input.event
    const reached = Math.max(occurredAt, this.#options.streamTimes.of(tenantId))
    // An event that isn't accepted makes no time pass.
    if (lookAt < reached && this.#isAccepted(input, customer)) this.fire(customer, reached)
  }

  /** @param before epoch ms */
  fire(customer: CachedCustomer, before: number): void {
    const { drafts, scoring, errors } = this.#options
    const { counts } = drafts
    for (;;) {
      const { context } = drafts
      const at = nextLookOf(customer)
      if (at === 0 || at >= before) return
      const current = drafts.copyOf(customer)!
      if (at === current.openSnapshots[0]) {
        drafts.endSnapshot(customer, current, at)
        continue
      }
      drafts.enter(customer)
      context.draft = current
      try {
        const outcome = scoring.fire(context)
        if (outcome.kind === 'forward') {
          if (drafts.isTooLarge) throw new Error('the state is too large')
          drafts.forward(customer, null)
          counts.timers++
        }
        errors.passed()
        if (outcome.kind === 'forward') continue
      } catch (error) {
        errors.failed(error)
        // There is no record that could be a dead letter: the customer goes on without a timer until his next event.
        context.draft = drafts.copyOf(customer)!
        context.draft.nextTimerAt = 0
        counts.failedTimers++
      }
      // Nothing to write: what was planned anew would be found again.
      drafts.replan(customer, context.draft)
    }
  }

  /** Whether the pipeline takes the event as it is; changes nothing. */
  #isAccepted(input: InputEvent, customer: CachedCustomer): boolean {
    const { drafts, scoring } = this.#options
    drafts.context.input = input
    drafts.enter(input.event)
    drafts.context.draft = drafts.copyOf(customer)!
    try {
      return scoring.accepts(drafts.context)
    } catch {
      // It will be a dead letter.
      return false
    }
  }
}

/** As the batch under way has left him; 0: never. */
function nextLookOf(customer: CachedCustomer): number {
  if (customer.draft !== null) return nextLookAt(customer.draft)
  return customer.touched ? 0 : customer.nextLookAt
}
