import type { BasketDelta } from './avro/basket-delta.ts'
import type { NpsDelta } from './avro/nps-delta.ts'
import type { PopulationDelta } from './avro/population-delta.ts'

/** What the aggregate task reads. */
export type DeltaInput =
  | { readonly topic: 'nps-deltas'; readonly event: NpsDelta }
  | { readonly topic: 'basket-deltas'; readonly event: BasketDelta }
  | { readonly topic: 'population-deltas'; readonly event: PopulationDelta }
