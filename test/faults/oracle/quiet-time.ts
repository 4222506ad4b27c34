import type { Customer } from '../../../schemas/avro/customer.ts'
import type { HoldRule } from './hold.ts'
import { allowedClasses, type Held } from './hold.ts'
import type { Settings } from './settings-book.ts'

/** How much later than a crossing its timer may be: a second of the search for it, and one of rounding up. */
const LATEST_MS = 2_000
/** Moments of a silence that are looked at, besides its last one. */
const LOOKS = 4

/** A customer as he stands, whatever time it is. */
export interface Standing {
  /** What the newest record is for. */
  readonly asOf: number
  readonly settings: Settings
  readonly held: Readonly<Record<'lead' | 'churn', Held | null>>
  /** The probability or risk at a time, if nothing comes until then. */
  valueAt(kind: 'lead' | 'churn', at: number): number
}

/**
 * What should have been told of a customer before `until` while nothing came, null for nothing: the next churn band, at
 * the first moment that the rule lets him cross, or the grade that the least interval held back.
 */
export function missedIn(standing: Standing, until: number): string | null {
  const last = until - LATEST_MS - 1
  const span = last - standing.asOf
  if (span <= 0 || standing.held.churn === null) return null
  for (let i = 1; i <= LOOKS + 1; i++) {
    const at = standing.asOf + Math.floor((span * i) / (LOOKS + 1))
    if (mustMove(standing, 'churn', at)) return `should have left his churn band by ${at}, which was before ${until}`
  }
  const { lead } = standing.held
  const { minIntervalMs } = standing.settings
  const free = lead === null ? 0 : lead.since + minIntervalMs.lead
  const isHeldBack = minIntervalMs.lead > 0 && free > standing.asOf && free <= last
  if (isHeldBack && mustMove(standing, 'lead', standing.asOf, 0) && mustMove(standing, 'lead', free)) {
    return `should have left his grade at ${free}, which was before ${until}`
  }
  return null
}

/** Whether no rounding lets him stay in his class. */
function mustMove(
  { held, settings, valueAt }: Standing,
  kind: 'lead' | 'churn',
  at: number,
  interval?: number,
): boolean {
  const rule: HoldRule = {
    edges: settings.thresholds[kind],
    margin: settings.margins[kind],
    minIntervalMs: interval ?? settings.minIntervalMs[kind],
  }
  return !allowedClasses(held[kind], valueAt(kind, at), at, rule).includes(held[kind]!.class)
}

/** What is wrong with the time of a timer's record, null for nothing. @param reached the clock when it was made, at most */
export function timerFault(record: Customer, before: number, reached: number): string | null {
  const { asOf, occurredAt, eventId, tenantId, customerId } = record
  if (eventId !== `timer:${tenantId}/${customerId}:${asOf}`) return `is a timer with the id ${eventId}`
  if (occurredAt !== asOf) return `is a timer of ${occurredAt}, not ${asOf}`
  if (asOf <= before) return `is a timer of ${asOf}, which had been reached before`
  return asOf < reached ? null : `is a timer of ${asOf}, but it was not later than ${reached}`
}

/** What of the settings decides when a customer is told of; others may change in a silence. */
export function rulesOf({ clock, currency, thresholds, margins, minIntervalMs }: Settings): string {
  return JSON.stringify([
    clock,
    currency,
    thresholds.lead,
    thresholds.churn,
    margins.lead,
    margins.churn,
    minIntervalMs,
  ])
}
