import type { Interaction } from './avro/interaction.ts'
import type { Outcome } from './avro/outcome.ts'
import type { Profile } from './avro/profile.ts'
import type { Survey } from './avro/survey.ts'
import type { Transaction } from './avro/transaction.ts'

/** A decoded input event and the topic that says what it is. */
export type InputEvent =
  | { readonly topic: 'interactions'; readonly event: Interaction }
  | { readonly topic: 'transactions'; readonly event: Transaction }
  | { readonly topic: 'surveys'; readonly event: Survey }
  | { readonly topic: 'profiles'; readonly event: Profile }
  | { readonly topic: 'outcomes'; readonly event: Outcome }

/** What made a `customers` record: its header and field `cause`. */
export type Cause = 'event' | 'timer' | 'model' | 'population' | 'erasure'
