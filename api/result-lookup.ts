import type { PartitionView } from './customer-lookup.ts'

/** Results of `<tenantId>/<kind>`, kind being NPS, item or category; see RedisKeys. */
export interface ResultScope {
  readonly partition: number
  readonly scope: string
}

export interface WindowsRead extends PartitionView {
  /** `<start>/<end>` by start, end empty for since-ever. */
  readonly windows: readonly string[]
}

export interface ResultsRead extends PartitionView {
  readonly values: readonly Buffer[]
}

/** Read access to the results that aggregate tasks serve; as CustomerLookup. */
export interface ResultLookup {
  /** Those that begin from `first` to `last`, both included. */
  windows(of: ResultScope, first: number, last: number): Promise<WindowsRead>
  /** Results of some windows, in their order. @param id the one that is wanted of each; null: all */
  results(of: ResultScope, windows: readonly string[], id: string | null): Promise<ResultsRead>
  /** Pairs of an item, percent-encoded, in one window, highest confidence from it first. */
  partners(of: ResultScope, window: string, item: string, limit: number): Promise<ResultsRead>
}
