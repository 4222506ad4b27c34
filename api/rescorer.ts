import type { CustomerValue } from '../models/clv/customer-value.ts'
import type { Customer } from '../schemas/avro/customer.ts'

/** Feature name → number. */
export type ByFeature = Record<string, number>

/** Why the scores of one moment are what they are: each feature's value, and what it adds to the log odds of a score. */
export interface Explanation {
  readonly features: ByFeature
  /** null: the model that scored is not known here any more. Baseline + Σ contributions = log odds, exactly. */
  readonly contributions: { readonly lead: ByFeature | null; readonly churn: ByFeature | null }
  readonly baselines: { readonly lead: number | null; readonly churn: number | null }
  /** Null: the tenant has no model of it, or the customer never bought. */
  readonly clv: CustomerValue | null
}

/** What of a record changes by time alone. */
export type Rescored = Pick<Customer, 'asOf' | 'rfm' | 'lead' | 'churn'> & Explanation

/** Scores a stored customer again from the state that its record holds. Pure: the same record and time, the same answer. */
export interface Rescorer {
  /** The explanation of the scores as they are stored. */
  explain(stored: Customer): Explanation
  /** The scores at a later time, if nothing has happened since; an earlier time means that of the record. */
  rescore(stored: Customer, now: number): Rescored
}
