import { createHash } from 'node:crypto'
import type { InputEvent } from '../../schemas/events.ts'
import { customerKey } from '../../schemas/partition.ts'

/** `<tenantId>/<customerId>` -> all of the customer's events, in order. */
export type Histories = ReadonlyMap<string, readonly InputEvent[]>

/**
 * The whole histories of so many customers, chosen by seed and nothing else: those whose keys have the smallest hashes.
 * One pass; only the chosen ones' events are held, for the largest hash that is chosen only ever falls.
 */
export function chosenHistories(events: Iterable<InputEvent>, count: number, seed: number): Histories {
  const chosen = new Map<string, { readonly hash: string; readonly events: InputEvent[] }>()
  const refused = new Set<string>()
  for (const input of events) {
    const key = customerKey(input.event.tenantId, input.event.customerId)
    if (refused.has(key)) continue
    const known = chosen.get(key)
    if (known) {
      known.events.push(input)
      continue
    }
    chosen.set(key, { hash: hashOf(key, seed), events: [input] })
    if (chosen.size <= count) continue
    const [largest] = [...chosen].reduce((most, each) => (each[1].hash > most[1].hash ? each : most))
    chosen.delete(largest)
    refused.add(largest)
  }
  return new Map([...chosen].map(([key, { events: history }]) => [key, history]))
}

function hashOf(key: string, seed: number): string {
  return createHash('sha256').update(`${seed}:${key}`).digest('hex')
}
