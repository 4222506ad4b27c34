import type { ScoreChange } from '../../../schemas/avro/score-change.ts'
import { isClose } from './expected-score.ts'
import type { Report } from './findings.ts'
import type { ExpectedChange } from './ledger.ts'

const EXACT = [
  'tenantId',
  'customerId',
  'kind',
  'from',
  'to',
  'eventId',
  'cause',
  'occurredAt',
  'modelVersion',
] as const

/** Exactly the expected changes, those of a customer in the order of his records. Both lists in the order of the logs. */
export function checkChanges(expected: readonly ExpectedChange[], found: readonly ScoreChange[], report: Report): void {
  const chainOf = ({ tenantId, customerId, kind }: ExpectedChange): string => `${kind} of ${tenantId}/${customerId}`
  const wanted = Map.groupBy(expected, chainOf)
  const had = Map.groupBy(found, chainOf)
  for (const chain of new Set([...wanted.keys(), ...had.keys()])) {
    const fault = chainFault(wanted.get(chain) ?? [], had.get(chain) ?? [])
    if (fault !== null) report('wrongChanges', `${chain}: ${fault}`)
  }
  const ids = new Map<string, ScoreChange>()
  for (const change of found) {
    const { changeId, kind, tenantId, customerId, eventId } = change
    const before = ids.get(changeId)
    // The same event, scored again after it was forgotten, is the same change only if all of it is.
    if (before && (before.eventId !== eventId || before.kind !== kind || before.customerId !== customerId)) {
      report('wrongChanges', `${chainOf(change)}: ${tenantId} has two changes with the id ${changeId}`)
    }
    ids.set(changeId, change)
  }
}

/** The first thing that is wrong with the changes of one customer and kind. */
function chainFault(expected: readonly ExpectedChange[], found: readonly ScoreChange[]): string | null {
  for (let i = 0; i < Math.max(expected.length, found.length); i++) {
    const wanted = expected[i]
    const change = found[i]
    if (change === undefined) return `no change to ${wanted!.to} at ${wanted!.eventId}`
    if (wanted === undefined) return `a change to ${change.to} at ${change.eventId} too many`
    const field = EXACT.find((name) => wanted[name] !== change[name])
    if (field !== undefined) return `change ${i} has the ${field} ${change[field]}, not ${wanted[field]}`
    if (!isClose(change.toValue, wanted.toValue)) return `change ${i} goes to ${change.toValue}, not ${wanted.toValue}`
    if (!isClose(change.fromValue ?? 0, wanted.fromValue ?? 0)) {
      return `change ${i} comes from ${change.fromValue}, not ${wanted.fromValue}`
    }
    if (JSON.stringify(change.reasons) !== JSON.stringify(wanted.reasons)) {
      return `change ${i} has other reasons than its record`
    }
  }
  return null
}
