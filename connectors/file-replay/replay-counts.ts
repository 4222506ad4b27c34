import type { ReplayItem } from './replay-item.ts'

/** What a replay did so far; counted for items whose events are durable. */
export interface ReplayCounts {
  /** Records of the file, the header not counted: those of events, skipped ones and rejected ones. */
  records: number
  events: number
  /** By reason: groups (invoices, say; single rows without grouping) and the records in them. */
  skipped: Record<string, { groups: number; records: number }>
  /** Records lost, those that were lost with another one of their group included. */
  rejectedRecords: number
  /** Entries of the rejects file. */
  rejected: Record<string, number>
}

export function noCounts(): ReplayCounts {
  return { records: 0, events: 0, skipped: {}, rejectedRecords: 0, rejected: {} }
}

export function count(counts: ReplayCounts, item: ReplayItem): void {
  counts.records += item.records
  switch (item.kind) {
    case 'event':
      counts.events++
      break
    case 'skip': {
      counts.skipped[item.reason] ??= { groups: 0, records: 0 }
      const skipped = counts.skipped[item.reason]!
      skipped.groups++
      skipped.records += item.records
      break
    }
    case 'reject':
      counts.rejectedRecords += item.records
      counts.rejected[item.rejected.reason] = (counts.rejected[item.rejected.reason] ?? 0) + 1
  }
}
