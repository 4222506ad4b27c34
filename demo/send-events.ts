import type { EventSink } from '../connectors/kafka/event-sink.ts'
import type { InputEvent } from '../schemas/events.ts'
import type { InputTopic } from '../schemas/topics.ts'

const BATCH = 2_000
/**
 * Topics of one batch are written side by side: one may be read while another is still on its way. Within half of
 * `windows.graceMs` (a day by default) no answer is late by that.
 */
const BATCH_SPAN_MS = 12 * 3_600_000

/** What was handed to the producer so far. */
export interface Sent {
  readonly byTopic: Record<InputTopic, number>
  total: number
  /** performance.now() when the first event was handed over; 0 before. */
  beganAt: number
  /** Event time of the newest event. */
  newestAt: number
  readonly customers: Set<string>
  /** Of different events: duplicates are sent too. */
  readonly eventIds: Set<string>
}

export function nothingSent(): Sent {
  const byTopic = { profiles: 0, interactions: 0, transactions: 0, surveys: 0, outcomes: 0 }
  return { byTopic, total: 0, beganAt: 0, newestAt: 0, customers: new Set(), eventIds: new Set() }
}

/** Writes events in their order as fast as they become durable: the next batch is read while one is on its way. */
export async function sendEvents(
  sink: EventSink,
  events: AsyncIterable<InputEvent>,
  { sent, signal }: { readonly sent: Sent; readonly signal: AbortSignal },
): Promise<void> {
  let batch: InputEvent[] = []
  let underWay: Promise<void> = Promise.resolve()
  const write = async (): Promise<void> => {
    const full = batch
    batch = []
    await underWay
    signal.throwIfAborted()
    sent.beganAt ||= performance.now()
    underWay = sink.write(full).then(() => note(sent, full))
    // Awaited before the next write; without this a failure meanwhile would count as nobody's.
    underWay.catch(() => {})
  }
  for await (const event of events) {
    const isLong = batch.length > 0 && event.event.occurredAt - batch[0]!.event.occurredAt > BATCH_SPAN_MS
    if (isLong || batch.length >= BATCH) await write()
    batch.push(event)
  }
  await write()
  await underWay
}

/** Counts events that are durable. */
export function note(sent: Sent, events: readonly InputEvent[]): void {
  for (const { topic, event } of events) {
    sent.byTopic[topic]++
    sent.newestAt = Math.max(sent.newestAt, event.occurredAt)
    sent.customers.add(event.customerId)
    sent.eventIds.add(event.eventId)
  }
  sent.total += events.length
}
