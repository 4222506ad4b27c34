import { setTimeout as sleep } from 'node:timers/promises'
import type { EventSink } from '../connectors/kafka/event-sink.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { LiveResults } from './live-results.ts'
import { note, type Sent } from './send-events.ts'

const PER_SECOND = 200
const STEP_MS = 5
const GIVE_UP_MS = 30_000

export interface Latency {
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface MeasureOptions {
  readonly sink: EventSink
  readonly results: LiveResults
  readonly events: readonly InputEvent[]
  readonly sent: Sent
  readonly signal: AbortSignal
}

/**
 * Sends events at 200 a second and measures each in this process: from the moment it is due to be sent to the moment its
 * committed score is here. An event that waits for the one before it waits on the clock.
 */
export async function measureLatency({ sink, results, events, sent, signal }: MeasureOptions): Promise<Latency> {
  const dueAt = new Map<string, number>()
  const latencies: number[] = []
  results.onScored = (record, at) => {
    const eventId = record.headers().get('eventId')?.toString() ?? ''
    const due = dueAt.get(eventId)
    if (due === undefined) return
    dueAt.delete(eventId)
    latencies.push(at - due)
  }
  try {
    const startedAt = performance.now()
    let next = 0
    while (next < events.length) {
      signal.throwIfAborted()
      const elapsed = performance.now() - startedAt
      const upTo = Math.min(events.length, Math.floor((elapsed / 1_000) * PER_SECOND) + 1)
      const due = events.slice(next, upTo)
      for (const [i, { event }] of due.entries())
        dueAt.set(event.eventId, startedAt + ((next + i) / PER_SECOND) * 1_000)
      if (due.length > 0) {
        await sink.write(due)
        note(sent, due)
      }
      next = upTo
      await sleep(STEP_MS - ((performance.now() - startedAt) % STEP_MS), undefined, { signal })
    }
    const deadline = performance.now() + GIVE_UP_MS
    while (dueAt.size > 0 && performance.now() < deadline) await sleep(STEP_MS, undefined, { signal })
  } finally {
    results.onScored = null
  }
  latencies.sort((a, b) => a - b)
  const quantile = (share: number): number => {
    const value = latencies[Math.max(0, Math.ceil(share * latencies.length) - 1)] ?? Number.NaN
    return Math.round(value * 10) / 10
  }
  return { p50Ms: quantile(0.5), p99Ms: quantile(0.99) }
}
