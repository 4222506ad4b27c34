import type { InputEvent } from '../../schemas/events.ts'
import { INPUT_TOPICS } from '../../schemas/topics.ts'

/** The order in which a worker takes events: by time, those of one instant by topic; ids settle the rest. */
export function compareEvents(a: InputEvent, b: InputEvent): number {
  return (
    a.event.occurredAt - b.event.occurredAt ||
    INPUT_TOPICS.indexOf(a.topic) - INPUT_TOPICS.indexOf(b.topic) ||
    (a.event.eventId < b.event.eventId ? -1 : 1)
  )
}
