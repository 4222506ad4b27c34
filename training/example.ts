import type { Trait } from '../schemas/customer-state.ts'

/** A customer as he was at a moment, and what became of him. */
export interface TrainingExample {
  /** `<tenantId>/<customerId>`: examples of one customer are never on both sides of a fold. */
  readonly customer: string
  /** The moment of features and traits, epoch ms. */
  readonly at: number
  /** The moment at which the label became known, epoch ms, not before `at`. */
  readonly knownAt: number
  /** 1: converted or churned. */
  readonly label: 0 | 1
  /** As computeFeatures fills them. */
  readonly features: Float64Array
  readonly traits: readonly Trait[]
}
