import { VERSION } from '../schemas/version.ts'
import type { WorkerReport, WorkerTask } from '../schemas/worker-report.ts'
import type { CustomerTask } from './customer-task.ts'
import type { LatencyHistogram } from './latency-histogram.ts'
import type { RestoreProgress } from './takeover.ts'
import type { WorkerCounters } from './task-counters.ts'

/** What the query API shows of this worker. */
export function buildReport(
  workerId: string,
  tasks: readonly CustomerTask[],
  counters: WorkerCounters,
  now: number,
): WorkerReport {
  const { events, latency } = counters
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  latency.turn(now)
  return {
    workerId,
    at: now,
    version: VERSION,
    tasks: tasks.map((task) => ({
      partition: task.partition,
      state: task.state,
      ...(task.restore ? { restore: restoreOf(task.restore, now) } : {}),
      ...(task.failure ? { failure: { code: task.failure.code, message: task.failure.message } } : {}),
      lag: task.lag().map(({ topic, position, end }) => ({ topic, partition: task.partition, position, end })),
    })),
    events: {
      scored: events.scored,
      changes: events.changes,
      deadLetters: Object.fromEntries(events.deadLetters),
      duplicates: events.drops.get('duplicate') ?? 0,
      lost: counters.lostRecords,
      examples: events.examples,
      outcomesWithoutExample: events.outcomesWithoutExample,
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

function summary(histogram: LatencyHistogram): { p50Ms: number; p95Ms: number; p99Ms: number; count: number } {
  return {
    p50Ms: histogram.quantile(0.5),
    p95Ms: histogram.quantile(0.95),
    p99Ms: histogram.quantile(0.99),
    count: histogram.count,
  }
}
