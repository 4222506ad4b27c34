import { type LogRecord, type Origin, originIn, type PartitionEvidence } from './evidence.ts'
import type { Report } from './findings.ts'
import type { Verdict } from './judge-input.ts'

export interface Input {
  readonly origin: Origin
  readonly record: LogRecord
  readonly verdict: Verdict
}

/** A valid event that has neither result nor dead letter: right only if its id was remembered when it came. */
export interface Unanswered {
  readonly origin: Origin
  readonly key: string
  readonly eventId: string
  /** Offsets in `customers` between which it was processed: those of its customer's neighbours in its topic. */
  readonly after: number
  readonly before: number
}

export interface Fates {
  /** What `customers` records came of, by their offset. */
  readonly scored: ReadonlyMap<number, Input>
  readonly unanswered: readonly Unanswered[]
  readonly deadLetters: number
}

/** Stage of what was scored all the same: only a part of the event came too late. */
const PARTIAL_STAGES = new Set(['window'])

/** Gives every input record its one fate, and every result its one input; checks that results keep their topic's order. */
export function settleFates(evidence: PartitionEvidence, inputs: ReadonlyMap<Origin, Input>, report: Report): Fates {
  const scored = new Map<number, Input>()
  const byOrigin = new Map<Origin, number>()
  for (const record of evidence.customers) {
    const origin = originIn(record)
    if (origin === null) continue
    const input = inputs.get(origin)
    const before = byOrigin.get(origin)
    if (input === undefined) report('doubled', `customers ${record.offset} comes from ${origin}, which doesn't exist`)
    else if (before !== undefined)
      report('doubled', `${origin} has the customers records ${before} and ${record.offset}`)
    else scored.set(record.offset, input)
    if (before === undefined) byOrigin.set(origin, record.offset)
  }
  checkOrder('customers', evidence.customers, report)
  const isPartial = ({ headers }: LogRecord): boolean => PARTIAL_STAGES.has(headers.get('stage') ?? '')
  const letters = evidence.deadLetters.filter((letter) => !isPartial(letter))
  checkSingle(evidence.deadLetters.filter(isPartial), report)
  const refused = checkDeadLetters(letters, inputs, byOrigin, report)
  checkOrder('dead-letters', letters, report)
  return { scored, unanswered: findUnanswered(inputs, byOrigin, refused, report), deadLetters: letters.length }
}

/** The results of a customer come in the order of his inputs, topic by topic. */
function checkOrder(name: string, records: readonly LogRecord[], report: Report): void {
  const last = new Map<string, number>()
  for (const record of records) {
    const topic = record.headers.get('topic')
    if (topic === undefined) continue
    const offset = Number(record.headers.get('offset'))
    const source = `${topic} ${record.key}`
    const before = last.get(source) ?? -1
    if (offset < before) report('outOfOrder', `${name} ${record.offset} comes from ${topic}/${offset}, after ${before}`)
    last.set(source, Math.max(offset, before))
  }
}

/** Of an event whose part came too late there is one dead letter for each reason. */
function checkSingle(letters: readonly LogRecord[], report: Report): void {
  const seen = new Set<string>()
  for (const letter of letters) {
    const name = `${originIn(letter)} ${letter.headers.get('reason')}`
    if (seen.has(name)) report('doubled', `dead letter ${letter.offset} repeats ${name}`)
    seen.add(name)
  }
}

function checkDeadLetters(
  letters: readonly LogRecord[],
  inputs: ReadonlyMap<Origin, Input>,
  scored: ReadonlyMap<Origin, number>,
  report: Report,
): Set<Origin> {
  const refused = new Set<Origin>()
  for (const letter of letters) {
    const origin = originIn(letter)
    const input = origin === null ? undefined : inputs.get(origin)
    const name = `dead letter ${letter.offset}`
    if (origin === null || input === undefined) {
      report('wrongDeadLetters', `${name} comes from ${origin}, which doesn't exist`)
      continue
    }
    if (refused.has(origin)) report('doubled', `${origin} has two dead letters, ${letter.offset} is one`)
    if (scored.has(origin))
      report('doubled', `${origin} is a dead letter and the customers record ${scored.get(origin)}`)
    refused.add(origin)
    const { verdict, record } = input
    const reason = letter.headers.get('reason') ?? ''
    if (verdict.kind !== 'refused') report('lost', `${origin} is good, but a dead letter: ${reason}`)
    else if (!verdict.reasons.includes(reason)) {
      report('wrongDeadLetters', `${name} of ${origin} says ${reason}, not ${verdict.reasons.join(' or ')}`)
    }
    if (!isSame(letter.key, record.key) || !isSame(letter.value, record.value)) {
      report('wrongDeadLetters', `${name} doesn't have the bytes of ${origin}`)
    }
  }
  return refused
}

function findUnanswered(
  inputs: ReadonlyMap<Origin, Input>,
  scored: ReadonlyMap<Origin, number>,
  refused: ReadonlySet<Origin>,
  report: Report,
): Unanswered[] {
  const unanswered: Unanswered[] = []
  const bySource = Map.groupBy(
    inputs.values(),
    ({ origin, verdict }) => `${origin.slice(0, origin.indexOf('/'))} ${verdict.kind === 'refused' ? '' : verdict.key}`,
  )
  for (const mine of bySource.values()) {
    let after = -1
    const open: Omit<Unanswered, 'before'>[] = []
    const close = (before: number): void => {
      unanswered.push(...open.splice(0).map((each) => ({ ...each, before })))
    }
    for (const { origin, verdict } of mine) {
      const offset = scored.get(origin)
      if (offset !== undefined) {
        if (verdict.kind === 'refused')
          report('doubled', `${origin} is ${verdict.reasons.join(' or ')}, but was scored`)
        close(offset)
        after = Math.max(after, offset)
      } else if (verdict.kind === 'event') {
        if (refused.has(origin)) continue
        open.push({ origin, key: verdict.key, eventId: verdict.input.event.eventId, after })
      } else if (verdict.kind === 'erasure') {
        report('lost', `${origin} erases ${verdict.key}, but nothing came of it`)
      } else if (!refused.has(origin)) {
        report('lost', `${origin} (${verdict.reasons.join(' or ')}) is no dead letter`)
      }
    }
    close(Number.POSITIVE_INFINITY)
  }
  return unanswered
}

function isSame(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}
