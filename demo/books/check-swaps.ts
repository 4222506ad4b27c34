import type { Customer } from '../../schemas/avro/customer.ts'
import type { InputEvent } from '../../schemas/events.ts'
import type { ModelKind } from '../../schemas/model.ts'
import { checkScores } from './check-customer.ts'
import type { Histories } from './chosen-histories.ts'
import type { Served } from './published-models.ts'
import type { Scorecard } from './scorecard.ts'

interface Followed {
  readonly events: readonly InputEvent[]
  /** Ids of the events that made records so far. */
  readonly scored: Set<string>
  last: Customer | null
  /** Records that are still to be recomputed after a swap. */
  left: number
}

/** The first record by a new version, and the one after it: one of the two is of an event. */
const AFTER_SWAP = 2

/**
 * The `customers` records of a partition in their order. All name a version that was published, and once one of them names
 * a newer version none names an older one. Around each swap the records of the chosen customers are recomputed by the
 * version that they name and by the events until then: a score that a mix had made would differ from both.
 */
export class SwapBooks {
  readonly mismatches: string[] = []
  /** Records that were computed anew. */
  recomputed = 0
  readonly #served: Served
  readonly #newest = { lead: 0, churn: 0 }
  readonly #followed: ReadonlyMap<string, Followed>

  constructor(served: Served, histories: Histories) {
    this.#served = served
    this.#followed = new Map(
      [...histories].map(([key, events]) => [key, { events, scored: new Set<string>(), last: null, left: 0 }]),
    )
  }

  add(key: string, customer: Customer): void {
    const isKnown = this.#isInOrder('lead', customer, key) && this.#isInOrder('churn', customer, key)
    const followed = this.#followed.get(key)
    if (followed === undefined) return
    const { last } = followed
    if (isKnown && last !== null && !sameModels(last, customer)) {
      if (followed.left === 0) this.#recompute(key, followed, last)
      followed.left = AFTER_SWAP
    }
    if (customer.cause === 'event') followed.scored.add(customer.eventId)
    if (!isKnown) return
    followed.last = customer
    if (followed.left === 0) return
    followed.left--
    this.#recompute(key, followed, customer)
  }

  /** Whether it names a version that served, which ought not to be older than what has scored before. */
  #isInOrder(kind: ModelKind, customer: Customer, key: string): boolean {
    const version = customer[kind].modelVersion
    const at = this.#served[kind].findIndex((model) => model.version === version)
    const newest = this.#newest[kind]
    if (at < 0) this.mismatches.push(`${key}: its ${kind} model ${version} never served`)
    else if (at >= newest) this.#newest[kind] = at
    else {
      const newer = this.#served[kind][newest]!.version
      this.mismatches.push(`${key}: its ${kind} model is ${version}, although ${newer} has scored before`)
    }
    return at >= 0
  }

  #recompute(key: string, { events, scored }: Followed, customer: Customer): void {
    const known = events.filter(({ event }) => scored.has(event.eventId))
    const byVersion = (kind: ModelKind): Scorecard =>
      this.#served[kind].find(({ version }) => version === customer[kind].modelVersion)!
    const differences = checkScores(known, customer, { lead: byVersion('lead'), churn: byVersion('churn') })
    for (const difference of differences) this.mismatches.push(`${key} at ${customer.eventId}: ${difference}`)
    this.recomputed++
  }
}

function sameModels(a: Customer, b: Customer): boolean {
  return a.lead.modelVersion === b.lead.modelVersion && a.churn.modelVersion === b.churn.modelVersion
}
