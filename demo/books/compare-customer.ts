import { COUNTED, COUNTER_WIDTH, type CustomerState, NEVER, SUBSCRIPTION_STATES } from '../../schemas/customer-state.ts'
import type { DecayedCount } from './decayed-counts.ts'
import type { ExpectedCustomer } from './expected-customer.ts'

const RELATIVE = 1e-9
/** Sums of squares that cancel out leave this much at most. */
const NOTHING = 1e-9

type Fact = boolean | number | string | null
type Facts = ReadonlyMap<string, Fact>

/** What the stored state says otherwise than the events, one sentence a fact; empty: it is right. */
export function compareCustomer(expected: ExpectedCustomer, state: CustomerState): string[] {
  return differences(factsExpected(expected), factsStored(state))
}

/** Times, counts and money must be equal, decayed sums and means equal to 1e-9 of their size. */
export function differences(expected: Facts, stored: Facts): string[] {
  const names = [...new Set([...expected.keys(), ...stored.keys()])]
  return names.flatMap((name) => {
    const wanted = expected.get(name) ?? null
    const found = stored.get(name) ?? null
    return agree(wanted, found) ? [] : [`${name} is ${found}, not ${wanted}`]
  })
}

function agree(a: Fact, b: Fact): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b
  if (Number.isInteger(a) && Number.isInteger(b)) return a === b
  return Math.abs(a - b) <= RELATIVE * Math.max(Math.abs(a), Math.abs(b))
}

function factsExpected(known: ExpectedCustomer): Facts {
  const { gaps, answers } = known
  const facts = new Map<string, Fact>([
    ['firstSeenAt', known.firstSeenAt],
    ['newestAt', known.newestAt],
    ['lastActiveAt', known.lastActiveAt],
    ['lastInteractionAt', known.lastInteractionAt],
    ['sessions', known.sessions],
    ['purchases', known.purchases],
    ['refunds', known.refunds],
    ['failedPayments', known.failedPayments],
    ['lastPurchaseAt', known.lastPurchaseAt],
    ['gaps', gaps.gaps],
    ['gaps.meanDays', rounded(gaps.meanDays)],
    ['gaps.varianceDays', rounded(gaps.varianceDays)],
    ['subscription', known.subscription],
  ])
  for (const [name, count] of known.counts) addCount(facts, name, count)
  for (const { currency, purchasedMinor, refundedMinor } of known.money) {
    facts.set(`${currency} purchasedMinor`, purchasedMinor).set(`${currency} refundedMinor`, refundedMinor)
  }
  for (const [kind, answer] of Object.entries(answers)) {
    if (answer !== null) facts.set(`${kind} score`, answer.score).set(`${kind} at`, answer.at)
  }
  for (const [name, value] of known.traits) facts.set(`trait ${name}`, value)
  return facts
}

function factsStored(state: CustomerState): Facts {
  const facts = new Map<string, Fact>([
    ['firstSeenAt', state.firstSeenAt],
    ['newestAt', state.newestAt],
    ['lastActiveAt', timeOf(state.lastActiveAt)],
    ['lastInteractionAt', timeOf(state.lastInteractionAt)],
    ['sessions', state.sessions],
    ['purchases', state.purchases],
    ['refunds', state.refunds],
    ['failedPayments', state.failedPayments],
    ['lastPurchaseAt', timeOf(state.lastPurchaseAt)],
    ['gaps', state.gaps],
    ['gaps.meanDays', rounded(state.gapMeanDays)],
    ['gaps.varianceDays', rounded(state.gaps < 2 ? 0 : state.gapM2 / (state.gaps - 1))],
    ['subscription', SUBSCRIPTION_STATES[state.subscription] ?? null],
  ])
  for (const [name, count] of countsOf(state)) addCount(facts, name, count)
  for (const { currency, purchasedMinor, refundedMinor } of state.money) {
    facts.set(`${currency} purchasedMinor`, purchasedMinor).set(`${currency} refundedMinor`, refundedMinor)
  }
  for (const [i, kind] of ['NPS', 'CSAT', 'CES'].entries()) {
    const [score, at] = state.answers.slice(2 * i, 2 * i + 2)
    if (at !== NEVER) facts.set(`${kind} score`, score ?? null).set(`${kind} at`, at ?? null)
  }
  for (const { name, value } of state.traits) if (value !== null) facts.set(`trait ${name}`, value)
  return facts
}

/** A row for each bit that is set, in the order of COUNTED. */
function countsOf({ counted, counters }: CustomerState): [string, DecayedCount][] {
  const names = COUNTED.filter((_, position) => (counted & (1 << position)) !== 0)
  return names.map((name, row) => {
    const [count = 0, halfLife1 = 0, halfLife7 = 0, halfLife30 = 0] = counters.slice(row * COUNTER_WIDTH)
    return [name, { count, halfLife1, halfLife7, halfLife30 }]
  })
}

function addCount(facts: Map<string, Fact>, name: string, count: DecayedCount): void {
  for (const [kind, value] of Object.entries(count)) facts.set(`${name} ${kind}`, value)
}

function timeOf(at: number): number | null {
  return at === NEVER ? null : at
}

function rounded(value: number): number {
  return Math.abs(value) < NOTHING ? 0 : value
}
