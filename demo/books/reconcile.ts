/** Where an input record stands: `<topic>/<offset>`; partitions are looked at one by one. */
export type Origin = string

export interface InputRecord {
  readonly origin: Origin
  readonly key: string
  /** Null where it can't be read. */
  readonly eventId: string | null
}

/** A `customers` record of cause `event`, by its headers. */
export interface ScoredRecord {
  readonly origin: Origin
  readonly key: string
  readonly eventId: string
}

export interface PartitionLogs {
  readonly inputs: readonly InputRecord[]
  readonly scored: readonly ScoredRecord[]
  /** Where the dead letters of whole events came from. */
  readonly deadLetters: readonly Origin[]
}

export interface Reconciliation {
  readonly duplicates: number
  /** One sentence for each record that is missing, too much or in the wrong place. */
  readonly mismatches: readonly string[]
}

/**
 * Gives every input record of a partition its one fate: scored, dead letter, or duplicate of an event that was scored
 * from another record. Whatever has none, or two, is a mismatch; so is a result without an input.
 */
export function reconcile({ inputs, scored, deadLetters }: PartitionLogs): Reconciliation {
  const mismatches: string[] = []
  const byOrigin = new Map(inputs.map((input) => [input.origin, input]))
  const fates = new Map<Origin, string>()
  const events = new Set<string>()
  const settle = (origin: Origin, fate: string): InputRecord | undefined => {
    const before = fates.get(origin)
    if (before !== undefined) mismatches.push(`${origin} is ${before} and ${fate}`)
    if (!byOrigin.has(origin)) mismatches.push(`${origin} is ${fate}, but there is no such record`)
    fates.set(origin, fate)
    return byOrigin.get(origin)
  }
  for (const { origin, key, eventId } of scored) {
    const input = settle(origin, 'scored')
    if (input !== undefined && (input.key !== key || input.eventId !== eventId)) {
      mismatches.push(`${origin} is event ${input.eventId} of ${input.key}, but was scored as ${eventId} of ${key}`)
    }
    const event = nameOf(key, eventId)
    if (events.has(event)) mismatches.push(`event ${event} is scored twice`)
    events.add(event)
  }
  for (const origin of deadLetters) settle(origin, 'dead letter')
  const rest = inputs.filter(({ origin }) => !fates.has(origin))
  const lost = rest.filter(({ key, eventId }) => eventId === null || !events.has(nameOf(key, eventId)))
  for (const { origin, eventId } of lost) mismatches.push(`${origin} (event ${eventId}) has no result`)
  return { duplicates: rest.length - lost.length, mismatches }
}

function nameOf(key: string, eventId: string): string {
  return `${key} ${eventId}`
}
