import { isOpen, type Window, type WindowedKind, windowsOf } from '../models/windows.ts'
import type { EventContext } from './event-context.ts'
import type { Refusal } from './outcome.ts'

export interface WindowsOfEvent {
  readonly open: readonly Window[]
  /** Why the event is a dead letter although it counts where it can; null when no window is closed to it. */
  readonly late: Refusal | null
}

/** The windows an instant belongs to that still take events; late is what the stream time of tenant and partition says. */
export function openWindows(at: number, kind: WindowedKind, { tenant, streamTime }: EventContext): WindowsOfEvent {
  const all = windowsOf(at, tenant, kind)
  const open = all.filter((window) => isOpen(window, streamTime, tenant))
  if (open.length === all.length) return { open, late: null }
  const { graceMs } = tenant.windows
  const error = `occurredAt ${at} is late for ${all.length - open.length} of its windows: the stream time is ${streamTime}, the grace ${graceMs} ms`
  return { open, late: { reason: 'LATE', error } }
}
