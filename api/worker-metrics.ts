import { REPORT_STALE_MS, type WorkerReport, type WorkerTask } from '../schemas/worker-report.ts'
import type { Installation } from './customer-lookup.ts'
import { freshReports, lagsOf, ownersOf, unownedOf } from './installation-state.ts'
import type { MetricFamily, Sample } from './prometheus-text.ts'

/** What the workers report, as metrics. @param installation null: Redis didn't answer */
export function workerMetrics(installation: Installation | null, partitions: number, now: number): MetricFamily[] {
  const up: MetricFamily = {
    name: 'everscore_redis_up',
    type: 'gauge',
    help: '1 if Redis answers this server.',
    samples: [{ value: installation === null ? 0 : 1 }],
  }
  if (installation === null) return [up]
  const reports = freshReports(installation, now)
  const owners = ownersOf(reports)
  const counting = ownersOf(reports, 'aggregateTasks')
  return [
    up,
    {
      name: 'everscore_workers',
      type: 'gauge',
      help: `Workers that reported within ${REPORT_STALE_MS / 1_000} s.`,
      samples: [{ value: reports.length }],
    },
    {
      name: 'everscore_partitions_unowned',
      type: 'gauge',
      help: 'Partitions that no live worker reports.',
      samples: [{ value: unownedOf(owners, partitions).length }],
    },
    {
      name: 'everscore_partitions_rebuilding',
      type: 'gauge',
      help: 'Partitions that are rebuilt from the beginning: lookups of them answer 503.',
      samples: [{ value: installation.rebuilding.length }],
    },
    {
      name: 'everscore_aggregate_partitions_unowned',
      type: 'gauge',
      help: 'Partitions of windows and populations in which no live worker counts.',
      samples: [{ value: unownedOf(counting, partitions).length }],
    },
    {
      name: 'everscore_aggregate_partitions_rebuilding',
      type: 'gauge',
      help: 'Partitions whose results of windows are rebuilt: lookups of them answer 503.',
      samples: [{ value: installation.resultsRebuilding.length }],
    },
    {
      name: 'everscore_partition_state',
      type: 'gauge',
      help: 'Always 1; the label says what the owner does with the partition.',
      samples: [...owners.values()].map(({ task, report }) => ({
        labels: { partition: task.partition, state: task.state, worker: report.workerId },
        value: 1,
      })),
    },
    {
      name: 'everscore_aggregate_partition_state',
      type: 'gauge',
      help: 'Always 1; the label says what the owner does with the partition of windows and populations.',
      samples: [...counting.values()].map(({ task, report }) => ({
        labels: { partition: task.partition, state: task.state, worker: report.workerId },
        value: 1,
      })),
    },
    {
      name: 'everscore_topic_lag_records',
      type: 'gauge',
      help: 'Records of an input that are not processed yet.',
      samples: [...lagsOf(owners), ...lagsOf(counting)].map(({ topic, partition, lag }) => ({
        labels: { topic, partition },
        value: lag,
      })),
    },
    {
      name: 'everscore_timers_pending',
      type: 'gauge',
      help: 'Quiet customers who will be looked at because of the time.',
      samples: timersOf(owners, ({ pending }) => pending),
    },
    {
      name: 'everscore_timers_overdue_seconds',
      type: 'gauge',
      help: "How long the first timer that is due has waited, by its tenant's clock.",
      samples: timersOf(owners, ({ overdueMs }) => overdueMs / 1_000),
    },
    ...countersOf(reports),
    ...latencyOf(reports),
  ]
}

function timersOf(
  owners: ReturnType<typeof ownersOf>,
  value: (timers: NonNullable<WorkerTask['timers']>) => number,
): Sample[] {
  return [...owners.values()].flatMap(({ task: { partition, timers } }) =>
    timers === undefined ? [] : [{ labels: { partition }, value: value(timers) }],
  )
}

function countersOf(reports: readonly WorkerReport[]): MetricFamily[] {
  const counter = (name: string, help: string, samples: (report: WorkerReport) => Sample[]): MetricFamily => ({
    name,
    type: 'counter',
    help,
    samples: reports.flatMap(samples),
  })
  const of = ({ workerId }: WorkerReport, value: number): Sample[] => [{ labels: { worker: workerId }, value }]
  return [
    counter('everscore_events_scored_total', 'Events that were scored.', (report) => of(report, report.events.scored)),
    counter('everscore_score_changes_total', 'Grades, bands, segments and tiers that moved.', (report) =>
      of(report, report.events.changes),
    ),
    counter('everscore_duplicates_total', 'Events that had been seen before.', (report) =>
      of(report, report.events.duplicates),
    ),
    counter('everscore_records_lost_total', 'Input records that retention removed before they were read.', (report) =>
      of(report, report.events.lost ?? 0),
    ),
    counter('everscore_examples_total', 'Examples that outcomes gave models to learn from.', (report) =>
      of(report, report.events.examples ?? 0),
    ),
    counter(
      'everscore_outcomes_without_example_total',
      "Outcomes older than their customer's newest event, or of nobody known.",
      (report) => of(report, report.events.outcomesWithoutExample ?? 0),
    ),
    counter(
      'everscore_scores_refreshed_total',
      'Stored customers scored anew by a new model or thresholds.',
      (report) => of(report, report.events.refreshed ?? 0),
    ),
    counter('everscore_timers_fired_total', 'Timers of quiet customers by which something moved.', (report) =>
      of(report, report.events.timers ?? 0),
    ),
    counter('everscore_timers_failed_total', 'Timers given up because of an error in a processor.', (report) =>
      of(report, report.events.failedTimers ?? 0),
    ),
    counter('everscore_results_total', 'Results of windows and populations that were sent.', (report) =>
      report.aggregates === undefined ? [] : of(report, report.aggregates.results),
    ),
    counter('everscore_dead_letters_total', 'Records that could not be processed.', ({ workerId, events }) =>
      Object.entries(events.deadLetters).map(([reason, value]) => ({ labels: { worker: workerId, reason }, value })),
    ),
  ]
}

function latencyOf(reports: readonly WorkerReport[]): MetricFamily[] {
  const family = (stage: 'ingestToScore' | 'ingestToVisible', name: string, help: string): MetricFamily => ({
    name,
    type: 'gauge',
    help,
    samples: reports
      .filter((report) => report.latency[stage].count > 0)
      .flatMap(({ workerId, latency }) => {
        const { p50Ms, p95Ms, p99Ms } = latency[stage]
        return [
          { labels: { worker: workerId, quantile: '0.5' }, value: p50Ms / 1_000 },
          { labels: { worker: workerId, quantile: '0.95' }, value: p95Ms / 1_000 },
          { labels: { worker: workerId, quantile: '0.99' }, value: p99Ms / 1_000 },
        ]
      }),
  })
  return [
    family('ingestToScore', 'everscore_ingest_to_score_seconds', 'From arrival in Kafka to the committed score.'),
    family(
      'ingestToVisible',
      'everscore_ingest_to_visible_seconds',
      'From arrival in Kafka to the answer of a lookup.',
    ),
  ]
}
