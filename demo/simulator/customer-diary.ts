import type { Outcome } from '../../schemas/avro/outcome.ts'
import type { Survey } from '../../schemas/avro/survey.ts'
import type { InputEvent } from '../../schemas/events.ts'

export interface InteractionDetails {
  readonly channel?: string
  readonly itemId?: string
  readonly durationMs?: number
}

/** Where and when a customer lives: what every event of his repeats. */
export interface DiaryOwner {
  readonly tenantId: string
  readonly customerId: string
  readonly region: string
  /** Times beyond it are dropped: nothing is known of what came after. */
  readonly until: number
}

/**
 * Collects the simulated events of one customer; ids are `sim-<customer>-<n>`, every event that has properties, attributes
 * or traits says there that it is simulated.
 */
export class CustomerDiary {
  readonly owner: DiaryOwner
  readonly events: InputEvent[] = []
  #written = 0

  constructor(owner: DiaryOwner) {
    this.owner = owner
  }

  interaction(type: string, at: number, { channel = 'web', itemId, durationMs }: InteractionDetails = {}): void {
    const details = { channel, itemId: itemId ?? null, durationMs: durationMs ?? null }
    const event = { ...this.#head(at), type, ...details, properties: { simulated: 'true' } }
    this.#add({ topic: 'interactions', event })
  }

  survey(kind: Survey['kind'], at: number, score: number): void {
    const attributes = { region: this.owner.region, simulated: 'true' }
    this.#add({ topic: 'surveys', event: { ...this.#head(at), kind, score, comment: null, attributes } })
  }

  profile(at: number, traits: Readonly<Record<string, number | string>>): void {
    this.#add({ topic: 'profiles', event: { ...this.#head(at), traits: { ...traits, simulated: 'true' } } })
  }

  outcome(at: number, kind: Outcome['kind']): void {
    this.#add({ topic: 'outcomes', event: { ...this.#head(at), kind, valueMinor: null, currency: null } })
  }

  #head(at: number) {
    const { tenantId, customerId } = this.owner
    return { eventId: `sim-${customerId}-${++this.#written}`, tenantId, customerId, occurredAt: Math.round(at) }
  }

  #add(input: InputEvent): void {
    if (input.event.occurredAt <= this.owner.until) this.events.push(input)
  }
}
