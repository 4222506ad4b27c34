import type { InputEvent } from '../../../schemas/events.ts'
import { HOUR, MINUTE, NOON, outcome, profile } from '../../processors/build-event.ts'
import type { Installation } from './installation.ts'
import { untilProcessed } from './workers.ts'

export interface Leads {
  readonly profiles: InputEvent[]
  readonly outcomes: InputEvent[]
}

/** Leads of which those with a larger budget, and of one source, convert more often; one after another in time. */
export function leads(from: number, count: number): Leads {
  const profiles: InputEvent[] = []
  const outcomes: InputEvent[] = []
  for (let i = from; i < from + count; i++) {
    const customerId = `lead-${i}`
    const occurredAt = NOON + i * MINUTE
    const budget = (i * 37) % 100
    const source = i % 4 === 0 ? 'referral' : 'ad'
    const chance = 0.1 + 0.006 * budget + (source === 'referral' ? 0.25 : 0)
    const kind = ((i * 7919) % 1_000) / 1_000 < chance ? 'CONVERTED' : 'LOST'
    profiles.push({
      topic: 'profiles',
      event: profile({ eventId: `p-${i}`, customerId, occurredAt, traits: { budget, source } }),
    })
    outcomes.push({
      topic: 'outcomes',
      event: outcome({ eventId: `o-${i}`, customerId, occurredAt: occurredAt + HOUR, kind }),
    })
  }
  return { profiles, outcomes }
}

/** Profiles first, then what became of them. */
export async function learnFrom(installation: Installation, { profiles, outcomes }: Leads): Promise<void> {
  await installation.sink.write(profiles)
  await untilProcessed(installation)
  await installation.sink.write(outcomes)
  await untilProcessed(installation)
}
