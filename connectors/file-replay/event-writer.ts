import type { InputEvent } from '../../schemas/events.ts'

/**
 * Where replayed events go. At least once: after a failure the caller writes a batch again, with the same event ids, and
 * the customer task drops what it has seen.
 */
export interface EventWriter {
  /** Resolves when all the events are durable, in the order given for each customer. One call at a time. */
  write(events: readonly InputEvent[]): Promise<void>
  close(): Promise<void>
}
