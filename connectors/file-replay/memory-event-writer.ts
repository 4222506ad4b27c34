import type { InputEvent } from '../../schemas/events.ts'
import type { EventWriter } from './event-writer.ts'

/** Keeps what is written, for tests and for programs that want a file's events as an array. */
export class MemoryEventWriter implements EventWriter {
  readonly batches: (readonly InputEvent[])[] = []

  get events(): InputEvent[] {
    return this.batches.flat()
  }

  async write(events: readonly InputEvent[]): Promise<void> {
    this.batches.push([...events])
  }

  async close(): Promise<void> {}
}
