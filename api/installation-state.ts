import type { LatencyQuantiles, WorkerReport, WorkerTask } from '../schemas/worker-report.ts'
import { REPORT_STALE_MS } from '../schemas/worker-report.ts'
import type { Installation } from './customer-lookup.ts'

/** Reports of workers that are alive, newest first. */
export function freshReports(installation: Installation, now: number): WorkerReport[] {
  return installation.reports
    .filter((report) => now - report.at <= REPORT_STALE_MS)
    .sort((one, other) => other.at - one.at)
}

export interface Owned {
  readonly report: WorkerReport
  readonly task: WorkerTask
}

/** In which list of a report tasks stand: those of customers, those of results. */
export type TaskKind = 'tasks' | 'aggregateTasks'

/** Who works on each partition: after a rebalance two may say so for a moment, and the newest report is right. */
export function ownersOf(reports: readonly WorkerReport[], kind: TaskKind = 'tasks'): Map<number, Owned> {
  const owners = new Map<number, Owned>()
  for (const report of reports) {
    for (const task of report[kind] ?? []) if (!owners.has(task.partition)) owners.set(task.partition, { report, task })
  }
  return owners
}

/** Whether the topics were made anew, with another number of partitions, since this process began. */
export function hasOtherPartitions(installation: Installation, partitions: number): boolean {
  return installation.partitions !== null && installation.partitions !== partitions
}

/** What keeps the installation from serving, as sentences for people; empty: ready. */
export function waitingFor(installation: Installation, partitions: number, now: number): string[] {
  if (installation.partitions === null) return ['the installation to be set up (everscore init)']
  if (hasOtherPartitions(installation, partitions)) {
    return [
      `a restart of this process: the installation has ${installation.partitions} partitions, not ${partitions} any more`,
    ]
  }
  const reports = freshReports(installation, now)
  const counting = ownersOf(reports, 'aggregateTasks')
  // While nobody counts (TASKS, or workers of an earlier release), results that are whole are served all the same.
  const counts = waitsOf('the results of partition', installation.resultsRebuilding, partitions, counting)
  return [
    ...waitsOf('partition', installation.rebuilding, partitions, ownersOf(reports)),
    ...(counting.size > 0 || installation.resultsRebuilding.length > 0 ? counts : []),
  ]
}

/** Partitions that no live worker owns. */
export function unownedOf(owners: ReadonlyMap<number, Owned>, partitions: number): number[] {
  return Array.from({ length: partitions }, (_, partition) => partition).filter((partition) => !owners.has(partition))
}

function waitsOf(
  what: string,
  rebuilding: readonly number[],
  partitions: number,
  owners: ReadonlyMap<number, Owned>,
): string[] {
  const waits: string[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const owned = owners.get(partition)
    const progress = owned?.task.restore ? `: ${progressOf(owned.task.restore)}` : ''
    if (rebuilding.includes(partition)) waits.push(`${what} ${partition} to be rebuilt${progress}`)
    else if (owned === undefined) waits.push(`a worker to take ${what} ${partition}`)
    else if (owned.task.state === 'restoring') waits.push(`${what} ${partition} to be restored${progress}`)
  }
  return waits
}

/** How far a restore is, how fast, and how long it will take at that rate. */
function progressOf({ from, to, position, seconds }: NonNullable<WorkerTask['restore']>): string {
  const done = position - from
  const share = to > from ? Math.floor((100 * done) / (to - from)) : 100
  if (seconds === undefined || seconds <= 0 || done <= 0) return `${share} %`
  const rate = done / seconds
  return `${share} %, ${Math.round(rate)} records/s, ${Math.ceil((to - position) / rate)} s left`
}

export interface Lag {
  readonly topic: string
  readonly partition: number
  readonly position: number
  readonly end: number
  readonly lag: number
  readonly workerId: string
}

/** Unread records of every input, as the present owners report them. */
export function lagsOf(owners: ReadonlyMap<number, Owned>): Lag[] {
  const lags: Lag[] = []
  for (const { report, task } of owners.values()) {
    for (const { topic, partition, position, end } of task.lag) {
      lags.push({ topic, partition, position, end, lag: Math.max(0, end - position), workerId: report.workerId })
    }
  }
  return lags.sort((one, other) =>
    one.topic === other.topic ? one.partition - other.partition : one.topic < other.topic ? -1 : 1,
  )
}

/** Quantiles of several workers don't add up: the worst of each is what is said. */
export function worstOf(quantiles: readonly LatencyQuantiles[]): LatencyQuantiles {
  const worst = { p50Ms: 0, p95Ms: 0, p99Ms: 0, count: 0 }
  for (const each of quantiles) {
    worst.p50Ms = Math.max(worst.p50Ms, each.p50Ms)
    worst.p95Ms = Math.max(worst.p95Ms, each.p95Ms)
    worst.p99Ms = Math.max(worst.p99Ms, each.p99Ms)
    worst.count += each.count
  }
  return worst
}
