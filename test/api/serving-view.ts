import type { CustomerLookup } from '../../api/customer-lookup.ts'
import { INDEX_SCALE, type TopIndex } from '../../schemas/redis-keys.ts'
import type { WorkerReport } from '../../schemas/worker-report.ts'

export interface ViewEntry {
  readonly tenantId: string
  readonly customerId: string
  /** Absent: only in the indexes, as if it had been erased since. */
  readonly value?: Buffer
  /** As they stand in the sorted sets. */
  readonly scores: Readonly<Record<TopIndex, number>>
}

/** A lookup, and the worker's side of what it looks at; a real and an in-memory one pass the same tests. */
export interface ServingView {
  readonly lookup: CustomerLookup
  put(partition: number, entries: readonly ViewEntry[]): Promise<void>
  /** Where the partition's view stands; null: nobody has built it. */
  position(partition: number, position: { offset: number; inputs: string } | null): Promise<void>
  mark(partition: number, mark: string | null): Promise<void>
  /** As `mark`, of the results of windows. */
  markResults(partition: number, mark: string | null): Promise<void>
  setUp(partitions: number | null): Promise<void>
  report(workerId: string, report: WorkerReport | string): Promise<void>
  close(): Promise<void>
}

/** A position as it is after any batch. */
export const SETTLED = { offset: 12, inputs: '{"interactions":7}' }

export function scores(lead: number, churn = 0, recent = 0): ViewEntry['scores'] {
  return { lead: Math.round(lead * INDEX_SCALE), churn: Math.round(churn * INDEX_SCALE), recent }
}

export function workerReport(fields: Partial<WorkerReport> = {}): WorkerReport {
  const quantiles = { p50Ms: 4, p95Ms: 9.5, p99Ms: 20, count: 100 }
  return {
    workerId: 'w-1',
    at: 0,
    version: '0.1.0',
    tasks: [],
    events: {
      scored: 10,
      changes: 2,
      deadLetters: { 'bad "json"': 1 },
      duplicates: 3,
      lost: 4,
      timers: 6,
      failedTimers: 1,
    },
    latency: { ingestToScore: quantiles, ingestToVisible: quantiles },
    ...fields,
  }
}

/** A worker that runs all partitions and has `lag` records to do in each. */
export function runningWorker(partitions: number, at: number, lag = 0): WorkerReport {
  const tasks = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    state: 'running' as const,
    lag: [{ topic: 'interactions', partition, position: 7, end: 7 + lag }],
    timers: { pending: 12, overdueMs: 1_500 },
  }))
  const aggregateTasks = tasks.map((task) => ({
    ...task,
    lag: task.lag.map((each) => ({ ...each, topic: 'nps-deltas' })),
  }))
  return workerReport({ at, tasks, aggregateTasks })
}
