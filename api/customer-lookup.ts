import type { TopIndex } from '../schemas/redis-keys.ts'
import type { WorkerReport } from '../schemas/worker-report.ts'

/**
 * How much what was read may be believed. A serving view can be emptied or fall back at any time, so "not there" means
 * "no such customer" only where it is `settled`.
 * - settled: the view follows the changelog;
 * - unproven: it has a position but doesn't say from which inputs; believed while a worker says that it runs;
 * - absent: nobody has built the view of this partition, or Redis lost it;
 * - rebuilding: it is being built from the beginning, with states from the past in it.
 */
export type ViewState = 'settled' | 'unproven' | 'absent' | 'rebuilding'

export interface PartitionView {
  readonly state: ViewState
  /** How far a rebuild is, as its worker says it. */
  readonly progress?: unknown
}

export interface CustomerValues extends PartitionView {
  /** In the order of the ids: the value of the newest `customers` record, null where there is none. */
  readonly values: readonly (Buffer | null)[]
}

/** A place in an index. Entries are ordered by score, then by the id's UTF-8 bytes, both descending, as Redis does. */
export interface TopEntry {
  readonly score: number
  readonly id: Buffer
}

export interface TopQuery {
  readonly index: TopIndex
  /** At most so many entries. */
  readonly limit: number
  /** Only entries that come after this place, whether it still is an entry or not. */
  readonly after?: TopEntry
}

export interface TopEntries extends PartitionView {
  readonly entries: readonly TopEntry[]
}

/** What the installation says of itself. */
export interface Installation {
  /** The number of partitions it was set up with; null: not set up, or Redis lost it. */
  readonly partitions: number | null
  /** The last report of every worker, also of those that are long gone. */
  readonly reports: readonly WorkerReport[]
  /** Workers whose report can't be read: they run another version. */
  readonly unreadable: readonly string[]
  /** Partitions whose customers are being rebuilt. */
  readonly rebuilding: readonly number[]
  /** Partitions whose results of windows are being rebuilt. */
  readonly resultsRebuilding: readonly number[]
}

/**
 * Read access to what the workers serve. Each answer is one atomic look at one partition. Calls don't wait for Redis to
 * come back: they fail within its command timeout with AppError REDIS_UNAVAILABLE.
 */
export interface CustomerLookup {
  read(partition: number, tenantId: string, customerIds: readonly string[]): Promise<CustomerValues>
  top(partition: number, tenantId: string, query: TopQuery): Promise<TopEntries>
  /** @param partitions whose marks are looked for */
  installation(partitions: number): Promise<Installation>
}
