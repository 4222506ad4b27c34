import { VERSION } from '../schemas/version.ts'
import type { WorkerReport, WorkerTask } from '../schemas/worker-report.ts'
import type { LatencyHistogram } from './latency-histogram.ts'
import type { PartitionTask } from './partition-task.ts'
import type { RestoreProgress } from './takeover.ts'
import type { WorkerCounters } from './task-counters.ts'
import type { Worker } from './worker.ts'

/**
 * What the query API shows of this worker.
 * @param pendingTimers by partition, of tasks that are running
 */
export function buildReport(
  workerId: string,
  { tasks, aggregateTasks }: Pick<Worker, 'tasks' | 'aggregateTasks'>,
  counters: WorkerCounters,
  { now, pendingTimers }: { readonly now: number; readonly pendingTimers: ReadonlyMap<number, number> },
): WorkerReport {
  const { events, latency } = counters
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  latency.turn(now)
  return {
    workerId,
    at: now,
    version: VERSION,
    tasks: tasks.map((task) => {
      const pending = pendingTimers.get(task.partition)
      const report = taskReport(task, now)
      return pending === undefined ? report : { ...report, timers: { pending, overdueMs: task.overdueMs() } }
    }),
    aggregateTasks: aggregateTasks.map((task) => taskReport(task, now)),
    aggregates: counters.aggregates,
    events: {
      scored: events.scored,
      changes: events.changes,
      deadLetters: Object.fromEntries(events.deadLetters),
      duplicates: events.drops.get('duplicate') ?? 0,
      lost: counters.lostRecords,
      examples: events.examples,
      outcomesWithoutExample: events.outcomesWithoutExample,
      refreshed: events.refreshed,
      timers: events.timers,
      failedTimers: events.failedTimers,
    },
    memory: { rss, heapUsed, external, arrayBuffers },
    latency: {
      ingestToScore: summary(latency.recent('ingestToScore')),
      ingestToVisible: summary(latency.recent('ingestToVisible')),
    },
  }
}

function restoreOf(
  { from, to, position, startedAt }: RestoreProgress,
  now: number,
): NonNullable<WorkerTask['restore']> {
  return { from, to, position, seconds: (now - startedAt) / 1000 }
}

function taskReport(task: PartitionTask, now: number): WorkerTask {
  const { partition, state, restore, failure } = task
  return {
    partition,
    state,
    ...(restore ? { restore: restoreOf(restore, now) } : {}),
    ...(failure ? { failure: { code: failure.code, message: failure.message } } : {}),
    refreshes: [...task.refreshes()],
    lag: task.lag().map(({ topic, position, end }) => ({ topic, partition, position, end })),
  }
}

function summary(histogram: LatencyHistogram): { p50Ms: number; p95Ms: number; p99Ms: number; count: number } {
  return {
    p50Ms: histogram.quantile(0.5),
    p95Ms: histogram.quantile(0.95),
    p99Ms: histogram.quantile(0.99),
    count: histogram.count,
  }
}
