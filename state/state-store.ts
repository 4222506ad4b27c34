/** How far the serving view of a partition follows its changelog. */
export interface Position {
  /** Offset after the last data record of the changelog that the view holds. */
  readonly offset: number
  /** Next offset to read of each input topic, as committed with that record. */
  readonly inputs: Readonly<Record<string, number>>
  /** Kafka's cluster id and the changelog topic: an offset of another log means nothing. */
  readonly cluster: string
  readonly topic: string
  /** The worker's clock when it was written, ms. */
  readonly at: number
  /** Stream time by tenant, ms; to a write only those that moved. */
  readonly streamTimes: ReadonlyMap<string, number>
  /** As `offset`, of `churn-snapshots`, in a view that holds its open ones. */
  readonly snapshots?: number
}

/** What becomes of one customer. */
export interface CustomerEntry {
  readonly tenantId: string
  readonly customerId: string
  /** `<tenantId>/<customerId>` */
  readonly key: string
  /** The newest value of `customers`, as it is in the topic; null: erased. */
  readonly value: Buffer | null
  readonly probability: number
  readonly risk: number
  /** Newest event time, ms. */
  readonly newestAt: number
  /** When to look at the customer again if nothing arrives, ms; 0: never. */
  readonly nextLookAt: number
}

/** A customer whose timer moved without a new record. */
export type TimerEntry = Pick<CustomerEntry, 'tenantId' | 'customerId' | 'nextLookAt'>

/** A churn snapshot; `value` is that of `churn-snapshots`, null: it isn't open any more. */
export interface SnapshotEntry {
  readonly key: string
  readonly value: Buffer | null
}

export interface TimersRead {
  /** Whose timer is due, the earliest first. */
  readonly customerIds: readonly string[]
  /** When the first timer after those is due, ms; null: there is none. */
  readonly next: number | null
}

/** Some customers of a tenant, with their values. */
export interface CustomersPage {
  readonly customers: readonly { readonly key: string; readonly value: Buffer }[]
  /** Where to go on; '0': that was all. */
  readonly cursor: string
  /** Customers of the tenant in this partition. */
  readonly total: number
}

export type WriteAnswer = 'written' | 'already' | 'foreign'

export interface StateChange {
  /** The position this change starts from; null: the view is empty. */
  readonly expected: number | null
  readonly position: Position
  readonly entries: readonly CustomerEntry[]
  /** Customers that aren't among the entries. */
  readonly timers: readonly TimerEntry[]
  readonly snapshots: readonly SnapshotEntry[]
}

/**
 * The working and serving view of the customers of each partition. It is derived: it may lose everything, as long as it
 * never passes off an older copy as the newest. Calls wait and try again while the store is unreachable, until their
 * signal says stop.
 */
export interface StateStore {
  position(partition: number, signal?: AbortSignal): Promise<Position | null>

  /**
   * The values of some customers, at exactly that position.
   * @throws AppError REDIS_FOREIGN when the view is at another position: "not found" would not mean "a new customer"
   */
  read(
    partition: number,
    expected: number | null,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<(Buffer | null)[]>

  /** The values of some open churn snapshots, as `read`. */
  readSnapshots(
    partition: number,
    expected: number,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<(Buffer | null)[]>

  /**
   * Some of a tenant's customers, at exactly that position. Going on with the cursor until it is '0', from '0', gives
   * each customer that was there all the time at least once.
   * @param count about how many
   * @throws AppError REDIS_FOREIGN as above
   */
  scan(
    partition: number,
    expected: number,
    page: { readonly tenantId: string; readonly cursor: string; readonly count: number },
    signal?: AbortSignal,
  ): Promise<CustomersPage>

  /**
   * The timers of some tenants that are due before a time, at exactly that position.
   * @param before tenant -> epoch ms @param limit for each tenant
   * @throws AppError REDIS_FOREIGN as above
   */
  dueTimers(
    partition: number,
    expected: number,
    before: ReadonlyMap<string, number>,
    limit: number,
    signal?: AbortSignal,
  ): Promise<Map<string, TimersRead>>

  /**
   * Atomic compare-and-set on the position: `written`; `already`, when this very change was written before and its answer
   * lost; `foreign`, when the view is elsewhere: nothing is written.
   */
  write(partition: number, change: StateChange, signal?: AbortSignal): Promise<WriteAnswer>

  /** Empties the partition's view; with a mark that readers see as "being rebuilt" until `write` ends with `rebuilt`. */
  reset(partition: number, signal?: AbortSignal): Promise<void>
}
