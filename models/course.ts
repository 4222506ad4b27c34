import type { CustomerState } from '../schemas/customer-state.ts'

/**
 * How a feature moves while nothing happens. Each course is monotone in time, so that its values at the ends of a span
 * bound it in between.
 *
 * - fading: log1p(amount × 2^(−elapsed / half-life)), elapsed since the newest event;
 * - growing: log1p(days since a time of the state); 0 for NEVER;
 * - overdue: see overdueOf.
 */
export type Course =
  /** `halfLife`: position in HALF_LIVES_DAYS. */
  | { readonly kind: 'fading'; readonly halfLife: number }
  | { readonly kind: 'growing'; readonly since: (state: CustomerState) => number }
  | { readonly kind: 'overdue' }
