/** The orders a tenant's customers are indexed in, highest first. */
export const TOP_INDEXES = ['lead', 'churn', 'recent'] as const
export type TopIndex = (typeof TOP_INDEXES)[number]

/**
 * Scores of the sorted sets are whole numbers: probability or risk in parts of INDEX_SCALE, or the newest event time in ms.
 * (Whole numbers compare exactly and cost less to send than shortest-round-trip decimals.)
 */
export const INDEX_SCALE = 1_000_000_000

/** Fields of a position that hold stream times are called so, followed by the tenant's id, which has no colon. */
export const STREAM_TIME_FIELD = 'streamTime:'

/** Names of every Redis key. All keys of partition p share the hash tag {p}, so one script may touch them in a cluster. */
export interface RedisKeys {
  /** Hash: customer key -> value of its newest `customers` record, as it is in the topic. */
  customers(partition: number): string
  /** Hash: key of `churn-snapshots` -> its value, as it is in the topic. */
  snapshots(partition: number): string
  /** Hash: `offset`, `inputs`, `cluster`, `topic`, `at`, `snapshots`, and `streamTime:<tenantId>`: how far this partition's view follows its logs. */
  position(partition: number): string
  /** Set of the tenant ids that have indexes in this partition. */
  tenants(partition: number): string
  /** Sorted set of customer ids. */
  top(partition: number, tenantId: string, index: TopIndex): string
  /** Sorted set: customer id by the time at which the customer is to be looked at again if nothing arrives, epoch ms. */
  timers(partition: number, tenantId: string): string
  /** String, with a time to live: progress of a rebuild from the beginning, as JSON; absent otherwise. */
  rebuilding(partition: number): string
  /** Hash: as `position`, of the view of results; its `inputs` are the next offsets of the result topics. */
  resultsPosition(partition: number): string
  /** String: as `rebuilding`, of the view of results. */
  resultsRebuilding(partition: number): string
  /** Set of the names of all keys below, of this partition. */
  resultKeys(partition: number): string
  /** Sorted set: `<start>/<end>` by start, end empty for since-ever. @param scope `<tenantId>/<kind>`: NPS, item, category */
  resultWindows(partition: number, scope: string): string
  /** Hash: what is behind the window in the key of a result -> its newest value, as it is in the topic. */
  results(partition: number, scope: string, window: string): string
  /** Sorted set of what is bought together with an item: percent-encoded, by confidence in parts of INDEX_SCALE. */
  partners(partition: number, scope: string, window: string, item: string): string
  /** Hash about the whole installation: `partitions`. */
  readonly meta: string
  /** Hash: worker id -> JSON of its last report (tasks, lag, latency), refreshed every few seconds. */
  readonly workers: string
}

/** @param app the application id (with TOPIC_PREFIX), so that two installations can share one Redis. */
export function redisKeys(app: string): RedisKeys {
  const at = (partition: number): string => `${app}:{${partition}}`
  return {
    customers: (partition) => `${at(partition)}:customers`,
    snapshots: (partition) => `${at(partition)}:snapshots`,
    position: (partition) => `${at(partition)}:position`,
    tenants: (partition) => `${at(partition)}:tenants`,
    top: (partition, tenantId, index) => `${at(partition)}:top:${index}:${tenantId}`,
    timers: (partition, tenantId) => `${at(partition)}:timers:${tenantId}`,
    rebuilding: (partition) => `${at(partition)}:rebuilding`,
    resultsPosition: (partition) => `${at(partition)}:results-position`,
    resultsRebuilding: (partition) => `${at(partition)}:results-rebuilding`,
    resultKeys: (partition) => `${at(partition)}:result-keys`,
    resultWindows: (partition, scope) => `${at(partition)}:windows:${scope}`,
    results: (partition, scope, window) => `${at(partition)}:results:${scope}/${window}`,
    partners: (partition, scope, window, item) => `${at(partition)}:partners:${scope}/${window}/${item}`,
    meta: `${app}:meta`,
    workers: `${app}:workers`,
  }
}
