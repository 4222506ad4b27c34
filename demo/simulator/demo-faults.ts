import type { Survey } from '../../schemas/avro/survey.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import { AppError } from '../../schemas/errors.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { between, type Random, seededRandom } from './random.ts'

/** Events between two faults; 30 faults lie within the first 120,000 of the demo's events. */
const EVENTS_PER_FAULT = 4000
const DUPLICATES = 20

/** What the books must show for the faults, and nothing else of that kind. */
export interface ExpectedFaults {
  /** Events that are dropped because their id was seen. */
  readonly duplicates: number
  readonly deadLetters: number
  /** By the reason that the dead letter's header names. */
  readonly deadLettersByReason: Readonly<Record<string, number>>
  readonly deadLetterIds: readonly string[]
}

interface BadEvent {
  readonly reason: string
  /** Of the customer and at the time of an event that is good. */
  readonly make: (eventId: string, like: InputEvent['event']) => InputEvent
}

const badSurvey = (kind: Survey['kind'], score: number): BadEvent => ({
  reason: 'SCORE_OUT_OF_RANGE',
  make: (eventId, like) => ({
    topic: 'surveys',
    event: { ...headOf(eventId, like), kind, score, comment: null, attributes: { simulated: 'true' } },
  }),
})

const badTransaction = (reason: string, wrong: Partial<Transaction>): BadEvent => ({
  reason,
  make: (eventId, like) => {
    const money = { type: 'PURCHASE', orderId: null, currency: 'GBP', amountMinor: 100, lines: [] } as const
    const properties = { simulated: 'true' }
    return { topic: 'transactions', event: { ...headOf(eventId, like), ...money, lines: [], properties, ...wrong } }
  },
})

const badInteraction: BadEvent = {
  reason: 'DURATION_INVALID',
  make: (eventId, like) => {
    const details = { type: 'page_view', channel: 'web', itemId: null, durationMs: -1 }
    return { topic: 'interactions', event: { ...headOf(eventId, like), ...details, properties: { simulated: 'true' } } }
  },
}

const BAD_EVENTS: readonly BadEvent[] = [
  ...[11, 11, 12, -1].map((score) => badSurvey('NPS', score)),
  ...[0, 6].map((score) => badSurvey('CSAT', score)),
  badTransaction('AMOUNT_INVALID', { amountMinor: -100 }),
  badTransaction('AMOUNT_INVALID', { amountMinor: -1 }),
  badTransaction('CURRENCY_INVALID', { currency: 'POUND' }),
  badInteraction,
]

/**
 * The events with 20 of them sent a second time shortly after (1-5 others between), and 10 that every worker must refuse,
 * spread over the stream; the events themselves and their order stay. Fits every Avro schema, so that it can be sent.
 * Positions depend on the seed. A stream too short for the spread has the rest of the faults at its end.
 * @throws AppError INTERNAL while iterated, when there is no event at all
 */
export function demoFaults(
  events: AsyncIterable<InputEvent>,
  seed: number,
  eventsPerFault = EVENTS_PER_FAULT,
): { readonly events: AsyncIterable<InputEvent>; readonly expected: ExpectedFaults } {
  const faulty = { [Symbol.asyncIterator]: () => inject(events, seed, eventsPerFault) }
  return { events: faulty, expected: expectedFaults() }
}

function expectedFaults(): ExpectedFaults {
  const reasons = Map.groupBy(BAD_EVENTS, ({ reason }) => reason)
  return {
    duplicates: DUPLICATES,
    deadLetters: BAD_EVENTS.length,
    deadLettersByReason: Object.fromEntries([...reasons].map(([reason, bad]) => [reason, bad.length])),
    deadLetterIds: BAD_EVENTS.map((_, i) => badId(i)),
  }
}

async function* inject(
  events: AsyncIterable<InputEvent>,
  seed: number,
  eventsPerFault: number,
): AsyncGenerator<InputEvent> {
  const random = seededRandom(`faults/${seed}`)
  const faults = planFaults(random, eventsPerFault)
  const waiting: { readonly at: number; readonly event: InputEvent }[] = []
  let next = 0
  let index = 0
  let last: InputEvent | undefined
  for await (const event of events) {
    yield event
    last = event
    while (waiting[0] !== undefined && waiting[0].at <= index) yield waiting.shift()!.event
    const fault = faults[next]
    if (fault !== undefined && fault.at <= index) {
      waiting.push({ at: index + fault.delay, event: fault.make(event) })
      next++
    }
    index++
  }
  for (const { event } of waiting) yield event
  if (last === undefined) throw new AppError('INTERNAL', 'no events to put faults into')
  for (const { make } of faults.slice(next)) yield make(last)
}

interface Fault {
  /** Index of the event it is made from. */
  readonly at: number
  /** So many other events come before it is sent. */
  readonly delay: number
  readonly make: (good: InputEvent) => InputEvent
}

function planFaults(random: Random, eventsPerFault: number): readonly Fault[] {
  const makers = [
    ...BAD_EVENTS.map(
      ({ make }, i) =>
        (good: InputEvent) =>
          make(badId(i), good.event),
    ),
    ...Array.from({ length: DUPLICATES }, () => (good: InputEvent) => good),
  ]
  for (let i = makers.length - 1; i > 0; i--) {
    const j = between(random, 0, i)
    const swapped = makers[i]!
    makers[i] = makers[j]!
    makers[j] = swapped
  }
  return makers.map((make, i) => {
    const at = i * eventsPerFault + between(random, 0, Math.max(0, eventsPerFault - 8))
    return { at, delay: between(random, 1, 5), make }
  })
}

function badId(index: number): string {
  return `sim-bad-${index + 1}`
}

function headOf(eventId: string, { tenantId, customerId, occurredAt }: InputEvent['event']) {
  return { eventId, tenantId, customerId, occurredAt }
}
