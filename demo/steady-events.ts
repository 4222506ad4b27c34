import type { InputEvent } from '../schemas/events.ts'
import { between, pick, seededRandom } from './simulator/random.ts'

const TYPES = ['page_view', 'page_view', 'product_view', 'product_view', 'search', 'login', 'add_to_cart', 'email_open']

export interface SteadyOptions {
  readonly count: number
  readonly seed: number
  readonly customers: ReadonlySet<string>
  /** The event time at which they begin; each is a second or so after the one before. */
  readonly after: number
}

/** The days go on after the end of the data: simulated visits of customers who are known. */
export function steadyEvents({ count, seed, customers, after }: SteadyOptions): InputEvent[] {
  const random = seededRandom(`steady/${seed}`)
  const known = [...customers].sort()
  let at = after
  return Array.from({ length: count }, (_, i): InputEvent => {
    at += between(random, 1, 2_000)
    const event = {
      eventId: `sim-steady-${i + 1}`,
      tenantId: 'default',
      customerId: pick(random, known),
      type: pick(random, TYPES),
      occurredAt: at,
      channel: 'web',
      itemId: null,
      durationMs: null,
      properties: { simulated: 'true' },
    }
    return { topic: 'interactions', event }
  })
}
