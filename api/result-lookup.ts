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

export interface PairsRead extends ResultsRead {
  /** Where to go on; '0': all were read. */
  readonly cursor: string
  /** Results of the window. */
  readonly count: number
}

/** Read access to the results that aggregate tasks serve; as CustomerLookup. */
export interface ResultLookup {
  /** Those that begin from `first` to `last`, both included. */
  windows(of: ResultScope, first: number, last: number): Promise<WindowsRead>
  /** Results of some windows, in their order. @param ids those that are wanted of each, at most 7,000; null: all */
  results(of: ResultScope, windows: readonly string[], ids: readonly string[] | null): Promise<ResultsRead>
  /** A part of the results of a window: one that is there all the while is in one part at least. @param cursor '0' at first */
  pairs(of: ResultScope, window: string, cursor: string, about: number): Promise<PairsRead>
  /** Pairs of an item, percent-encoded, in one window, highest confidence from it first. */
  partners(of: ResultScope, window: string, item: string, limit: number): Promise<ResultsRead>
}
