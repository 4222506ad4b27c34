import type { ExpectedCustomer } from '../../../demo/books/expected-customer.ts'
import { expectedFeatures } from '../../../demo/books/expected-scores.ts'
import type { Customer } from '../../../schemas/avro/customer.ts'
import type { ScoreChange } from '../../../schemas/avro/score-change.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { type ExpectedScore, expectedScore, isClose, type ModelValues, reasonFault } from './expected-score.ts'
import { factsOf, type Scored } from './history.ts'
import { allowedClasses, type Held } from './hold.ts'
import type { ModelBook } from './model-book.ts'
import { missedIn, rulesOf, timerFault } from './quiet-time.ts'
import type { Settings, SettingsBook } from './settings-book.ts'
import { StandingLedger } from './standing-ledger.ts'
import type { Bounds } from './stream-bounds.ts'
import type { ThresholdsBook } from './thresholds-book.ts'

const DAY_MS = 86_400_000
const CLASSES = { lead: ['F', 'D', 'C', 'B', 'A'], churn: ['Low', 'Medium', 'High'] } as const
type Kind = keyof typeof CLASSES

export interface Books {
  readonly settings: SettingsBook
  readonly models: ModelBook
  readonly thresholds: ThresholdsBook
}

/** How a record came about. */
export interface Origin {
  /** The event that it says it came of, null: another cause. */
  readonly input: InputEvent | null
  readonly bounds: Bounds
  /** The worker's clock, about, epoch ms. */
  readonly writtenAt: number
}

/** A change as it must be; its reasons are those of its record, which have been checked. */
export type ExpectedChange = Omit<ScoreChange, 'changeId'>

/** One customer since he was first seen or last erased: his events in the order in which they were scored. */
export class Ledger {
  readonly #books: Books
  readonly #history: Scored[] = []
  readonly #held: Record<Kind, Held | null> = { lead: null, churn: null }
  readonly #standing = new StandingLedger()
  #facts: ExpectedCustomer | null = null
  #last: Customer | null = null

  constructor(books: Books) {
    this.#books = books
  }

  /** After all events so far. */
  get facts(): ExpectedCustomer {
    this.#facts ??= factsOf(this.#history)
    return this.#facts
  }

  /** Those of the newest record. */
  get settings(): Settings {
    return this.#history.at(-1)!.settings
  }

  /** r + f + m, null without a standing. */
  get total(): number | null {
    return this.#standing.total
  }

  /** What he should have been told of since his newest record, if nothing has come up to a time; null for nothing. */
  missedUntil(time: number, settings: Settings): string | null {
    const last = this.#last
    const before = last && this.#books.settings.of(last.tenantId, last.settingsVersion)
    if (!last || !before || rulesOf(before) !== rulesOf(settings)) return null
    const held = { lead: this.#held.lead, churn: this.#held.churn }
    const valueAt = (kind: Kind, at: number): number => {
      const score = this.#score(last[kind].modelVersion, this.#valuesAt(at))
      return typeof score === 'string' ? Number.NaN : score.probability
    }
    return missedIn({ asOf: last.asOf, settings, held, valueAt }, time)
  }

  /**
   * Takes the next record of this customer over.
   * @param changes filled with the changes that must have gone out with it
   * @returns what the record says otherwise than the history, and what is wrong with its time
   */
  check(record: Customer, origin: Origin, changes: ExpectedChange[]): { faults: string[]; timeFault: string | null } {
    const settings = this.#books.settings.of(record.tenantId, record.settingsVersion)
    if (settings === undefined) {
      return { faults: [`names the settings ${record.settingsVersion}, which were never published`], timeFault: null }
    }
    const timeFault = this.#timeFault(record, origin, settings)
    const told = changes.length
    const faults = this.#check(record, origin.input, settings, changes)
    this.#last = record
    const isTold = changes.slice(told).some(({ kind }) => kind === 'lead' || kind === 'churn')
    const forNothing = record.cause === 'timer' && faults.length === 0 && !isTold
    return { faults, timeFault: timeFault ?? (forNothing ? 'is a timer by which nothing moved' : null) }
  }

  #timeFault(record: Customer, { input, bounds, writtenAt }: Origin, settings: Settings): string | null {
    if (input !== null) return this.missedUntil(Math.max(input.event.occurredAt, bounds.from), settings)
    if (record.cause !== 'timer') return null
    const reached = settings.clock === 'event' ? bounds.to : Math.max(bounds.to, writtenAt)
    return timerFault(record, this.#last?.asOf ?? 0, reached) ?? this.missedUntil(record.asOf, settings)
  }

  #valuesAt(at: number): ModelValues {
    const { facts } = this
    return new Map([
      ...Object.entries(expectedFeatures(facts, at)),
      ...[...facts.traits].map(([name, value]) => [`traits.${name}`, value] as const),
    ])
  }

  #check(record: Customer, input: InputEvent | null, settings: Settings, changes: ExpectedChange[]): string[] {
    const thresholds = this.#books.thresholds.of(record.tenantId, record.thresholdsVersion)
    if (thresholds === undefined)
      return [`names the thresholds ${record.thresholdsVersion}, which were never published`]
    if (input !== null) this.#history.push({ input, settings })
    this.#facts = null
    const { facts } = this
    const moved = [this.#held.lead?.since ?? 0, this.#held.churn?.since ?? 0]
    // A late event doesn't turn the time back to before what a timer has moved.
    const asOf = record.cause === 'timer' ? record.asOf : Math.max(facts.newestAt, ...moved)
    const values = this.#valuesAt(asOf)
    const lead = this.#score(record.lead.modelVersion, values)
    const churn = this.#score(record.churn.modelVersion, values)
    if (typeof lead === 'string') return [lead]
    if (typeof churn === 'string') return [churn]
    return [
      ...identityFaults(record, input, asOf),
      ...rfmFaults(record, facts, settings),
      ...scoreFaults('lead', { value: record.lead.probability, reasons: record.lead.reasons }, lead, settings),
      ...(isRounded(record.lead.score, lead.probability) ? [] : [`has the score ${record.lead.score}`]),
      ...scoreFaults('churn', { value: record.churn.risk, reasons: record.churn.reasons }, churn, settings),
      ...this.#hold('lead', record, { class: record.lead.grade, value: lead.probability, settings }, changes),
      ...this.#hold('churn', record, { class: record.churn.band, value: churn.probability, settings }, changes),
      ...this.#standing.check(record, facts, { settings, thresholds }, changes),
    ]
  }

  #score(version: string, values: ModelValues): ExpectedScore | string {
    const model = this.#books.models.of(version)
    return model === undefined ? `names the model ${version}, which was never published` : expectedScore(model, values)
  }

  #hold(
    kind: Kind,
    record: Customer,
    found: { readonly class: string; readonly value: number; readonly settings: Settings },
    changes: ExpectedChange[],
  ): string[] {
    const { thresholds, margins, minIntervalMs } = found.settings
    const rule = { edges: thresholds[kind], margin: margins[kind], minIntervalMs: minIntervalMs[kind] }
    const names: readonly string[] = CLASSES[kind]
    const before = this.#held[kind]
    const allowed = allowedClasses(before, found.value, record.asOf, rule)
    const to = allowed.find((each) => names[each] === found.class) ?? allowed[0]!
    if (to !== before?.class) {
      const scored = record[kind]
      changes.push({
        tenantId: record.tenantId,
        customerId: record.customerId,
        kind,
        from: before === null ? null : names[before.class]!,
        to: names[to]!,
        fromValue: before?.value ?? null,
        toValue: found.value,
        reasons: scored.reasons,
        eventId: record.eventId,
        cause: record.cause,
        occurredAt: record.asOf,
        modelVersion: scored.modelVersion,
      })
      this.#held[kind] = { class: to, since: record.asOf, value: found.value }
    }
    return names[to] === found.class ? [] : [`has the ${kind} class ${found.class}, not ${names[to]}`]
  }
}

function identityFaults(record: Customer, input: InputEvent | null, asOf: number): string[] {
  const faults: string[] = []
  if (record.asOf !== asOf) faults.push(`is as of ${record.asOf}, not ${asOf}`)
  if (input === null) return faults
  const { eventId, tenantId, customerId, occurredAt } = input.event
  const wanted = { eventId, tenantId, customerId, occurredAt, cause: 'event' }
  for (const [name, value] of Object.entries(wanted)) {
    const found = record[name as keyof typeof wanted]
    if (found !== value) faults.push(`has the ${name} ${found}, not ${value}`)
  }
  return faults
}

function rfmFaults({ rfm, asOf }: Customer, facts: ExpectedCustomer, { currency }: Settings): string[] {
  const { reporting, lastPurchaseAt, purchases, money } = facts
  const recencyDays = lastPurchaseAt === null ? null : (asOf - lastPurchaseAt) / DAY_MS
  const monetaryMinor = reporting === null ? 0 : reporting.purchasedMinor - reporting.refundedMinor
  const wanted = {
    recencyDays,
    frequency: purchases,
    monetaryMinor,
    currency: reporting?.currency ?? (money.length === 0 ? null : currency),
  }
  return Object.entries(wanted).flatMap(([name, value]) => {
    const found = rfm[name as keyof typeof wanted]
    const same = typeof found === 'number' && typeof value === 'number' ? isClose(found, value) : found === value
    return same ? [] : [`has the rfm.${name} ${found}, not ${value}`]
  })
}

function scoreFaults(
  kind: Kind,
  found: { readonly value: number; readonly reasons: Customer['lead']['reasons'] },
  expected: ExpectedScore,
  { reasons }: Settings,
): string[] {
  const fault = reasonFault(found.reasons, expected, reasons)
  return [
    ...(isClose(found.value, expected.probability)
      ? []
      : [`has the ${kind} ${found.value}, not ${expected.probability}`]),
    ...(fault === null ? [] : [`${fault} for ${kind}`]),
  ]
}

function isRounded(score: number, probability: number): boolean {
  return Math.abs(score - 100 * probability) <= 0.5 + 1e-6
}
