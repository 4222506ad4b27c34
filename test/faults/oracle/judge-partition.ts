import { compareCustomer } from '../../../demo/books/compare-customer.ts'
import type { ExpectedCustomer } from '../../../demo/books/expected-customer.ts'
import type { Customer } from '../../../schemas/avro/customer.ts'
import type { PopulationDelta } from '../../../schemas/avro/population-delta.ts'
import type { ScoreChange } from '../../../schemas/avro/score-change.ts'
import { messageOf } from '../../../schemas/errors.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { decodeState } from '../../../schemas/state-codec.ts'
import { INPUT_TOPICS } from '../../../schemas/topics.ts'
import { checkChanges } from './check-changes.ts'
import { type Counted, checkPopulation } from './check-population.ts'
import { checkStreamTimes } from './check-stream-times.ts'
import { checkView, type Newest } from './check-view.ts'
import { CountedWindows, type WindowCounts } from './counted-windows.ts'
import { type LogRecord, type Origin, originIn, originOf, type PartitionEvidence } from './evidence.ts'
import { type Fates, type Input, settleFates } from './fates.ts'
import type { Finding, Report } from './findings.ts'
import { judgeInput } from './judge-input.ts'
import { type Books, type ExpectedChange, Ledger } from './ledger.ts'
import { RememberedIds } from './remembered-ids.ts'
import type { SchemaBook } from './schema-book.ts'
import { type Entry, streamBounds } from './stream-bounds.ts'

export interface Reference extends Books {
  readonly schemas: SchemaBook
}

/** What a partition comes to. */
export interface PartitionJudgement {
  readonly events: number
  readonly scored: number
  readonly erasures: number
  /** Records that no input record caused. */
  readonly otherCauses: number
  /** Those of quiet customers. */
  readonly timers: number
  /** Events of which a part came too late for its windows. */
  readonly late: number
  readonly duplicates: number
  readonly deadLetters: number
  readonly changes: number
  readonly customers: number
  readonly findings: readonly Finding[]
  /** What its events must count in windows. */
  readonly counts: WindowCounts
}

/**
 * Judges what a run has left in one partition. The order of a customer's events and the versions of settings and models
 * are those that his `customers` records name; all else is computed anew, by definition.
 */
export function judgePartition(evidence: PartitionEvidence, reference: Reference): PartitionJudgement {
  const findings: Finding[] = []
  const report: Report = (kind, text) => findings.push({ kind, text: `${evidence.partition}: ${text}` })
  const inputs = inputsOf(evidence, reference, report)
  const fates = settleFates(evidence, inputs, report)
  const walk = walkCustomers(evidence, fates, reference, report)
  let duplicates = 0
  for (const { origin, key, eventId, after, before } of fates.unanswered) {
    if (walk.ids.wasRemembered(key, eventId, after, before)) duplicates++
    else report('lost', `${origin} (event ${eventId} of ${key}) has no result`)
  }
  const changes = evidence.changes.map((record) => reference.schemas.decodeResult<ScoreChange>(record))
  checkChanges(walk.changes, changes, report)
  checkView(evidence, walk.newest, report)
  const present = [...walk.newest.values()].map(({ customer }) => customer)
  const deltas = evidence.populationDeltas.map((record) => reference.schemas.decodeResult<PopulationDelta>(record))
  checkPopulation(
    walk.counted,
    deltas.filter(({ source }) => source === evidence.partition),
    report,
  )
  checkStreamTimes(evidence.view, walk.streamTimes, present, report)
  return {
    events: inputs.size,
    scored: walk.scored,
    erasures: walk.erasures,
    otherCauses: evidence.customers.length - walk.scored - walk.erasures,
    timers: walk.timers,
    late: walk.late,
    duplicates,
    deadLetters: fates.deadLetters,
    changes: changes.length,
    customers: walk.newest.size,
    findings,
    counts: walk.counts,
  }
}

function inputsOf(evidence: PartitionEvidence, reference: Reference, report: Report): Map<Origin, Input> {
  const inputs = new Map<Origin, Input>()
  for (const topic of INPUT_TOPICS) {
    const records = evidence.inputs[topic]
    const end = evidence.inputEnds[topic]
    if (records.length !== end) report('lost', `${topic} has ${records.length} records up to offset ${end}`)
    for (const record of records) {
      const origin = originOf(topic, record.offset)
      inputs.set(origin, { origin, record, verdict: judgeInput(topic, record, { ...reference, at: evidence }) })
    }
  }
  return inputs
}

interface Walk {
  readonly ids: RememberedIds
  readonly changes: readonly ExpectedChange[]
  readonly newest: ReadonlyMap<string, Newest>
  /** The newest event time that was scored, by tenant. */
  readonly streamTimes: ReadonlyMap<string, number>
  /** Customers who are there and of whom nothing is wrong: of others it isn't known what they count for. */
  readonly counted: readonly Counted[]
  readonly scored: number
  readonly erasures: number
  readonly timers: number
  readonly late: number
  readonly counts: WindowCounts
}

/** Follows every customer from record to record; of one that is wrong only the first fault is told. */
function walkCustomers(evidence: PartitionEvidence, fates: Fates, reference: Reference, report: Report): Walk {
  const ids = new RememberedIds()
  const changes: ExpectedChange[] = []
  const ledgers = new Map<string, Ledger>()
  const newest = new Map<string, Newest>()
  const streamTimes = new Map<string, number>()
  const windows = new CountedWindows()
  const letters = lateLetters(evidence)
  const lives = new Map<string, number>()
  const entries = evidence.customers.map((record): Entry => {
    const customer = record.value === null ? null : reference.schemas.decodeResult<Customer>(record)
    return { record, customer, input: fates.scored.get(record.offset) }
  })
  const bounds = streamBounds(entries)
  const wrong = new Set<string>()
  let scored = 0
  let erasures = 0
  let timers = 0
  const blame = (record: LogRecord, key: string, faults: readonly string[]): void => {
    if (faults.length === 0 || wrong.has(key)) return
    wrong.add(key)
    report('wrongScores', `customers ${record.offset} of ${key} ${faults.join('; ')}`)
  }
  for (const { record, customer, input } of entries) {
    const key = record.key?.toString() ?? ''
    if (customer === null) {
      erasures++
      if (input?.verdict.kind !== 'erasure') blame(record, key, ['is empty, but nobody asked for that'])
      ledgers.delete(key)
      newest.delete(key)
      ids.forget(key, record.offset)
      lives.set(key, (lives.get(key) ?? 0) + 1)
      continue
    }
    newest.set(key, { value: record.value!, customer })
    const ledger = ledgers.get(key) ?? new Ledger(reference)
    ledgers.set(key, ledger)
    const check = (event: InputEvent | null): void => {
      const origin = { input: event, bounds: bounds.get(record)!, writtenAt: record.timestamp }
      const { faults, timeFault } = ledger.check(customer, origin, changes)
      if (timeFault !== null && !wrong.has(key))
        report('wrongTimers', `customers ${record.offset} of ${key} ${timeFault}`)
      blame(record, key, faults)
    }
    if (input === undefined) {
      if (customer.cause === 'timer') timers++
      if (customer.cause !== 'event') check(null)
      else if (originIn(record) === null) blame(record, key, ['does not say which event it came of'])
      // Any other has been told with its origin.
      continue
    }
    scored++
    streamTimes.set(customer.tenantId, Math.max(streamTimes.get(customer.tenantId) ?? 0, customer.occurredAt))
    const { verdict, origin } = input
    if (verdict.kind !== 'event' || verdict.key !== key) {
      blame(record, key, [`comes from ${origin}, which is ${verdict.kind === 'refused' ? 'bad' : `of ${verdict.key}`}`])
      continue
    }
    const { eventId } = verdict.input.event
    if (ids.isRemembered(key, eventId)) report('doubled', `${origin} repeats ${eventId} of ${key}, but was scored`)
    ids.add(key, eventId, record.offset)
    check(verdict.input)
    const settings = reference.settings.of(customer.tenantId, customer.settingsVersion)
    if (settings === undefined) continue
    const fault = windows.add({
      input: verdict.input,
      customer: `${key} ${lives.get(key) ?? 0}`,
      settings,
      bounds: bounds.get(record)!,
      letter: letters.get(origin),
    })
    letters.delete(origin)
    if (fault !== null) report('wrongWindows', `${origin} ${fault}`)
  }
  for (const origin of letters.keys()) report('wrongWindows', `${origin} is late, but was not scored`)
  const counted: Counted[] = []
  for (const [key, { customer }] of newest) {
    if (wrong.has(key)) continue
    const ledger = ledgers.get(key)!
    const { settings, total } = ledger
    counted.push({ tenantId: customer.tenantId, facts: ledger.facts, settings, total })
    const faults = stateFaults(ledger.facts, customer.state)
    for (const fault of faults.slice(0, 1)) report('wrongScores', `the state of ${key}: ${fault}`)
    const missed = missedAtTheEnd(ledger, customer, evidence, reference)
    if (missed !== null) report('wrongTimers', `${key} ${missed}`)
  }
  const late = evidence.deadLetters.length - fates.deadLetters
  return { ids, changes, newest, streamTimes, counted, scored, erasures, timers, late, counts: windows.counts() }
}

/** By the clock of his tenant, once all was read. */
function missedAtTheEnd(
  ledger: Ledger,
  { tenantId }: Customer,
  { view, readUpTo }: PartitionEvidence,
  { settings }: Reference,
): string | null {
  const newest = settings.newest(tenantId)
  const streamTime = view.streamTimes.get(tenantId) ?? 0
  return ledger.missedUntil(newest.clock === 'event' ? streamTime : Math.max(readUpTo, streamTime), newest)
}

/** Dead letters of what was scored all the same, by the place of the event. */
function lateLetters({ deadLetters }: PartitionEvidence): Map<Origin, LogRecord> {
  const late = new Map<Origin, LogRecord>()
  for (const letter of deadLetters) {
    const origin = originIn(letter)
    if (letter.headers.get('stage') === 'window' && origin !== null) late.set(origin, letter)
  }
  return late
}

function stateFaults(facts: ExpectedCustomer, state: Buffer): string[] {
  try {
    return compareCustomer(facts, decodeState(state))
  } catch (error) {
    return [messageOf(error)]
  }
}
