import type { InputEvent } from '../schemas/events.ts'

/** The stream up to its `limit`th transaction; the whole one for null. */
export async function* firstInvoices(
  events: AsyncIterable<InputEvent>,
  limit: number | null,
): AsyncGenerator<InputEvent> {
  let left = limit ?? Number.POSITIVE_INFINITY
  for await (const event of events) {
    yield event
    if (event.topic === 'transactions' && --left <= 0) return
  }
}
