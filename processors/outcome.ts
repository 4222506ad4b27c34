/** Why an event or a timer ends without a result although nothing is wrong with it; for events a metric label. */
export type DropReason = 'duplicate' | 'unchanged'

/**
 * What a processor decides about an event. Only the runtime acts on it: forward goes on, drop is counted, a dead letter
 * is written with its stage, stable reason code and an error text that names the field and its value.
 */
export type Outcome =
  | { readonly kind: 'forward' }
  | { readonly kind: 'drop'; readonly reason: DropReason }
  | { readonly kind: 'deadLetter'; readonly stage: string; readonly reason: string; readonly error: string }

export const FORWARD: Outcome = Object.freeze({ kind: 'forward' })
export const DROP_DUPLICATE: Outcome = Object.freeze({ kind: 'drop', reason: 'duplicate' })

/** A timer by which nothing moved; only the state's next timer counts. */
export const DROP_UNCHANGED: Outcome = Object.freeze({ kind: 'drop', reason: 'unchanged' })

export function deadLetter(stage: string, reason: string, error: string): Outcome {
  return { kind: 'deadLetter', stage, reason, error }
}

/** Why an event can't be added to a state: a dead letter that doesn't know its stage yet. */
export interface Refusal {
  readonly reason: string
  readonly error: string
}
