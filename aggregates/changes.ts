import type { CrossSell } from '../schemas/avro/cross-sell.ts'
import type { Nps } from '../schemas/avro/nps.ts'
import type { Thresholds } from '../schemas/thresholds.ts'

/** A record of a result topic; null: a result that is no longer kept. */
export type AggregateResult =
  | { readonly topic: 'nps'; readonly key: string; readonly value: Nps | null }
  | { readonly topic: 'cross-sell'; readonly key: string; readonly value: CrossSell | null }
  | { readonly topic: 'thresholds'; readonly key: string; readonly value: Thresholds }

/** What one unit of work of the aggregate task writes, in one transaction. */
export interface AggregateChanges {
  /** Records of `aggregate-state`, in this order; a null value removes the key. */
  readonly entries: { readonly key: string; readonly value: Buffer | null }[]
  readonly results: AggregateResult[]
}

/** Why a delta, or a part of it, couldn't be added. */
export interface DeltaRefusal {
  readonly reason: 'WINDOW_GONE'
  readonly error: string
}

/** @param gone keys of windows */
export function windowsGone(scope: string, gone: readonly string[]): DeltaRefusal | null {
  if (gone.length === 0) return null
  return { reason: 'WINDOW_GONE', error: `${scope}: windows ${gone.join(', ')} are closed and no longer kept` }
}
