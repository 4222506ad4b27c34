import type { CustomerLookup, PartitionView, TopEntry } from '../../api/customer-lookup.ts'
import { compareTopEntries } from '../../api/top-page.ts'
import { customerKey } from '../../schemas/partition.ts'
import { TOP_INDEXES } from '../../schemas/redis-keys.ts'
import { parseWorkerReport, type WorkerReport } from '../../schemas/worker-report.ts'
import type { ServingView } from './serving-view.ts'

/** The serving view in memory, without Redis: the same answers as RedisLookup gives. */
export function createMemoryView(): ServingView {
  const values = new Map<string, Buffer>()
  const indexes = new Map<string, Map<string, number>>()
  const positions = new Map<number, { offset: number; inputs: string }>()
  const marks = new Map<number, string>()
  const resultMarks = new Map<number, string>()
  const reports = new Map<string, WorkerReport | string>()
  let partitions: number | null = null

  const viewOf = (partition: number): PartitionView => {
    const mark = marks.get(partition)
    const position = positions.get(partition)
    if (mark !== undefined)
      return { state: 'rebuilding', progress: mark.startsWith('{') ? JSON.parse(mark) : undefined }
    if (position === undefined) return { state: 'absent' }
    return { state: position.inputs === '{}' && position.offset > 0 ? 'unproven' : 'settled' }
  }

  const lookup: CustomerLookup = {
    async read(partition, tenantId, ids) {
      const found = ids.map((id) => values.get(`${partition}:${customerKey(tenantId, id)}`) ?? null)
      return { ...viewOf(partition), values: found }
    },
    async top(partition, tenantId, { index, limit, after }) {
      const entries: TopEntry[] = []
      for (const [id, score] of indexes.get(`${partition}:${index}:${tenantId}`) ?? []) {
        const entry = { id: Buffer.from(id), score }
        if (after === undefined || compareTopEntries(after, entry) < 0) entries.push(entry)
      }
      return { ...viewOf(partition), entries: entries.sort(compareTopEntries).slice(0, limit) }
    },
    async installation(count) {
      const parsed = [...reports].map(([id, report]) => [id, parseWorkerReport(textOf(report))] as const)
      return {
        partitions,
        reports: parsed.flatMap(([, report]) => (report === undefined ? [] : [report])),
        unreadable: parsed.flatMap(([id, report]) => (report === undefined ? [id] : [])),
        rebuilding: marked(marks, count),
        resultsRebuilding: marked(resultMarks, count),
      }
    },
  }
  const textOf = (report: WorkerReport | string): string =>
    typeof report === 'string' ? report : JSON.stringify(report)

  return {
    lookup,
    async put(partition, entries) {
      for (const { tenantId, customerId, value, scores } of entries) {
        if (value !== undefined) values.set(`${partition}:${customerKey(tenantId, customerId)}`, value)
        for (const index of TOP_INDEXES) {
          const name = `${partition}:${index}:${tenantId}`
          indexes.set(name, (indexes.get(name) ?? new Map<string, number>()).set(customerId, scores[index]))
        }
      }
    },
    async position(partition, position) {
      if (position === null) positions.delete(partition)
      else positions.set(partition, position)
    },
    async mark(partition, mark) {
      if (mark === null) marks.delete(partition)
      else marks.set(partition, mark)
    },
    async markResults(partition, mark) {
      if (mark === null) resultMarks.delete(partition)
      else resultMarks.set(partition, mark)
    },
    async setUp(count) {
      partitions = count
    },
    async report(workerId, report) {
      reports.set(workerId, report)
    },
    async close() {},
  }
}

function marked(marks: ReadonlyMap<number, string>, count: number): number[] {
  return [...marks.keys()].filter((partition) => partition < count).sort((one, other) => one - other)
}
