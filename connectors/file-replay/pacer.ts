import type { Rate } from './rate.ts'

/** After a stall a steady rate catches up so much at most, not everything at once. */
const MAX_BURST_MS = 1000

/** Says when each event is due. Times are those of the clock that `now` is read from. */
export type DueAt = (occurredAt: number, now: number) => number

/**
 * The first event is due at once. At a steady rate the n-th follows n/rate seconds later; in scaled event time an event
 * follows when its distance from the first one has passed, and one that is older than the one before it at once.
 */
export function pacer(rate: Rate): DueAt {
  if (rate.kind === 'max') return (_occurredAt, now) => now
  if (rate.kind === 'scaled') {
    let start: { readonly at: number; readonly occurredAt: number } | null = null
    return (occurredAt, now) => {
      start ??= { at: now, occurredAt }
      return start.at + (occurredAt - start.occurredAt) / rate.factor
    }
  }
  let next: number | null = null
  return (_occurredAt, now) => {
    const due = Math.max(next ?? now, now - MAX_BURST_MS)
    next = due + 1000 / rate.events
    return due
  }
}
