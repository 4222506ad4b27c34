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
  /** Hash: `offset`, `inputs`, `cluster`, `topic`, `at`, and `streamTime:<tenantId>`: how far this partition's view follows the changelog. */
  position(partition: number): string
  /** Set of the tenant ids that have indexes in this partition. */
  tenants(partition: number): string
  /** Sorted set of customer ids. */
  top(partition: number, tenantId: string, index: TopIndex): string
  /** Sorted set: customer id by the time at which the customer is to be looked at again if nothing arrives, epoch ms. */
  timers(partition: number, tenantId: string): string
  /** String, with a time to live: progress of a rebuild from the beginning, as JSON; absent otherwise. */
  rebuilding(partition: number): string
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
    position: (partition) => `${at(partition)}:position`,
    tenants: (partition) => `${at(partition)}:tenants`,
    top: (partition, tenantId, index) => `${at(partition)}:top:${index}:${tenantId}`,
    timers: (partition, tenantId) => `${at(partition)}:timers:${tenantId}`,
    rebuilding: (partition) => `${at(partition)}:rebuilding`,
    meta: `${app}:meta`,
    workers: `${app}:workers`,
  }
}
