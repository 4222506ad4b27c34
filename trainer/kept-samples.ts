import { featureVector } from '../models/features.ts'
import type { ScoreSample } from '../schemas/avro/score-sample.ts'
import type { Trait } from '../schemas/customer-state.ts'
import { customerKey } from '../schemas/partition.ts'

export interface KeptSample extends Pick<ScoreSample, 'arrivedAt' | 'scoredAt' | 'lead' | 'churn'> {
  readonly customer: string
  readonly features: Float64Array
  readonly traits: readonly Trait[]
}

/** So many of the newest samples of a tenant are kept. */
const MOST_SAMPLES = 4_000

/** The newest samples of one tenant. */
export class KeptSamples {
  #kept: KeptSample[] = []
  #seen = 0

  /** The newest last. */
  get all(): readonly KeptSample[] {
    return this.#kept.slice(-MOST_SAMPLES)
  }

  /** How many came ever. */
  get seen(): number {
    return this.#seen
  }

  add({ tenantId, customerId, at, arrivedAt, scoredAt, features, traits, lead, churn }: ScoreSample): void {
    this.#kept.push({
      customer: customerKey(tenantId, customerId),
      arrivedAt,
      scoredAt,
      features: featureVector(features),
      traits: Object.entries(traits).map(([name, value]) => ({ name, value, at })),
      lead,
      churn,
    })
    this.#seen++
    // Not one by one: that would move all of them each time.
    if (this.#kept.length > 1.1 * MOST_SAMPLES) this.#kept = this.#kept.slice(-MOST_SAMPLES)
  }
}
