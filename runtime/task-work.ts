import type { KafkaClient } from '../connectors/kafka/client.ts'
import type { PartitionSession } from './partition-task.ts'
import type { RestoreProgress } from './takeover.ts'

/** One of the kinds of work that a worker does: the group that shares it out, and what its tasks do. */
export interface TaskWork {
  /** Connections of its own: a request to join may wait for long. */
  readonly groupClient: KafkaClient
  readonly group: string
  /** Full names (with prefix) of the topics whose partitions are given to tasks. */
  readonly topics: readonly string[]
  readonly onRestore: (progress: RestoreProgress) => Promise<void>
  /** The sessions of a partition's task, one after the other; each ends, after the open batch, when `stop` says so. */
  readonly sessionsOf: (partition: number) => (stop: AbortSignal) => PartitionSession
}
