import { REJECT_REASONS, type RejectReason } from './rejection.ts'
import type { ReplayReport } from './replay.ts'

/** What a replay did, in lines for people. */
export function summarize(report: ReplayReport): string {
  const { path, mapping, ended, events, records, rejectedRecords } = report
  if (ended === 'complete-before') {
    return `${path}: an earlier replay wrote all ${events} events; --restart writes them again\n`
  }
  const how = ended === 'aborted' ? ', stopped; the same command goes on from here' : ''
  const resumed = report.resumedAtLine === null ? '' : `, taken up at line ${report.resumedAtLine}`
  const lines = [`${path} (${mapping}): ${events} events of ${records} records${resumed}${how}`]
  for (const [reason, skipped] of Object.entries(report.skipped)) {
    const groups = skipped.groups === skipped.records ? '' : ` in ${skipped.groups} groups`
    lines.push(`  skipped ${reason}: ${skipped.records} records${groups}`)
  }
  if (rejectedRecords > 0) {
    lines.push(`  rejected: ${rejectedRecords} records, listed in ${report.rejectsPath}`)
    const reasons = Object.entries(report.rejected).toSorted(([, a], [, b]) => b - a)
    for (const [reason, times] of reasons) {
      lines.push(`    ${reason}: ${times} (${REJECT_REASONS[reason as RejectReason] ?? ''})`)
    }
  }
  return `${lines.join('\n')}\n`
}
