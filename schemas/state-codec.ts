import { ADDED_FIELDS, putAdded, readAdded } from './added-fields.ts'
import {
  ANSWERS,
  COUNTED,
  COUNTER_WIDTH,
  type CustomerState,
  type Money,
  NEVER,
  OUTCOME_KINDS,
  RECENT_EVENTS,
  SUBSCRIPTION_STATES,
  type Trait,
  type TraitValue,
} from './customer-state.ts'
import { clearState, newCustomerState } from './new-state.ts'
import { MAX, putDouble, putInt32, putString, putVarint, Reader, unreadable, viewOf } from './state-bytes.ts'

/*
 * Format 2, one field after another, no padding:
 *   whole numbers   unsigned LEB128 varints
 *   float64, hashes little endian
 *   time            0 = NEVER, else newestAt - time + 1; newestAt (+ 1), heldSince and nextTimerAt are absolute
 *   string          length in bytes, UTF-8
 * The order is that of encodeState. After the fields of format 1 follow those that were added since and have another
 * value than a new state's, each behind its number, ascending, and then a 0. Format 1 ends without them.
 *
 * A field is added in added-fields.ts, which says how; the format stays. A field's number that isn't known was written
 * by a newer release: it is refused, as a state that forgets a field would be wrong from then on. A change of the
 * layout, of COUNTED's order or of HALF_LIVES_DAYS is a new format, and decodeState goes on reading the older ones.
 */

/** First byte of an encoded state. */
export const STATE_FORMAT = 2
const FORMAT_WITHOUT_ADDED_FIELDS = 1

/**
 * Writes a state: the same state always gives the same bytes.
 * @param at where in `into` to begin
 * @param added for tests: the fields of another release
 * @returns the position after the last byte
 * @throws RangeError when it doesn't fit; what `into` holds from `at` on is then undefined
 */
export function encodeState(state: CustomerState, into: Buffer, at: number, added = ADDED_FIELDS): number {
  const view = viewOf(into)
  const newest = state.newestAt
  view.setUint8(at++, STATE_FORMAT)
  at = putVarint(view, at, newest + 1)
  at = putAge(view, at, state.firstSeenAt, newest)
  at = putAge(view, at, state.lastActiveAt, newest)
  at = putAge(view, at, state.lastInteractionAt, newest)
  at = putVarint(view, at, state.sessions)
  at = putCounters(view, at, state)
  at = putPurchases(view, at, state)
  at = putVarint(view, at, state.subscription)
  at = putAge(view, at, state.subscriptionAt, newest)
  for (let i = 0; i < ANSWERS.length; i++) {
    const answeredAt = state.answers[2 * i + 1]!
    at = putAge(view, at, answeredAt, newest)
    if (answeredAt !== NEVER) at = putVarint(view, at, state.answers[2 * i]!)
  }
  at = putAge(view, at, state.outcomeAt, newest)
  if (state.outcomeAt !== NEVER) at = putVarint(view, at, state.outcome)
  at = putHeld(view, at, state.leadHeld, state.leadHeldSince, state.leadHeldValue)
  at = putHeld(view, at, state.churnHeld, state.churnHeldSince, state.churnHeldValue)
  at = putVarint(view, at, state.nextTimerAt)
  at = putTraits(view, at, state.traits, newest)
  at = putRecent(view, at, state)
  return putAdded(view, at, state, added)
}

function putCounters(view: DataView, at: number, { counted, counters }: CustomerState): number {
  at = putVarint(view, at, counted)
  for (let row = 0; row < counters.length; row += COUNTER_WIDTH) {
    at = putVarint(view, at, counters[row]!)
    for (let i = 1; i < COUNTER_WIDTH; i++) at = putDouble(view, at, counters[row + i]!)
  }
  return at
}

function putPurchases(view: DataView, at: number, state: CustomerState): number {
  at = putVarint(view, at, state.purchases)
  at = putVarint(view, at, state.refunds)
  at = putVarint(view, at, state.failedPayments)
  at = putAge(view, at, state.lastPurchaseAt, state.newestAt)
  at = putVarint(view, at, state.gaps)
  if (state.gaps > 0) {
    at = putDouble(view, at, state.gapMeanDays)
    at = putDouble(view, at, state.gapM2)
  }
  at = putVarint(view, at, state.money.length)
  for (let i = 0; i < state.money.length; i++) {
    const money = state.money[i]!
    at = putString(view, at, money.currency)
    at = putAge(view, at, money.firstAt, state.newestAt)
    at = putVarint(view, at, money.purchasedMinor)
    at = putVarint(view, at, money.refundedMinor)
  }
  return putVarint(view, at, state.reporting + 1)
}

function putHeld(view: DataView, at: number, held: number, since: number, value: number): number {
  at = putVarint(view, at, held + 1)
  if (held === NEVER) return at
  at = putVarint(view, at, since)
  return putDouble(view, at, value)
}

const TRAIT_NULL = 0
const TRAIT_FALSE = 1
const TRAIT_TRUE = 2
const TRAIT_NUMBER = 3
const TRAIT_STRING = 4

function putTraits(view: DataView, at: number, traits: readonly Trait[], newest: number): number {
  at = putVarint(view, at, traits.length)
  for (let i = 0; i < traits.length; i++) {
    const { name, value, at: setAt } = traits[i]!
    at = putString(view, at, name)
    at = putAge(view, at, setAt, newest)
    if (typeof value === 'string') {
      view.setUint8(at++, TRAIT_STRING)
      at = putString(view, at, value)
    } else if (typeof value === 'number') {
      view.setUint8(at++, TRAIT_NUMBER)
      at = putDouble(view, at, value)
    } else {
      view.setUint8(at++, value === null ? TRAIT_NULL : value ? TRAIT_TRUE : TRAIT_FALSE)
    }
  }
  return at
}

/** Oldest hash first, so that the bytes don't depend on where the ring happens to begin. */
function putRecent(view: DataView, at: number, { recent, recentNext }: CustomerState): number {
  const length = recent.length
  at = putVarint(view, at, length / 2)
  const first = length === 2 * RECENT_EVENTS ? recentNext : 0
  for (let i = first; i < length; i++) at = putInt32(view, at, recent[i]!)
  for (let i = 0; i < first; i++) at = putInt32(view, at, recent[i]!)
  return at
}

function putAge(view: DataView, at: number, time: number, newest: number): number {
  return putVarint(view, at, time === NEVER ? 0 : newest - time + 1)
}

/**
 * The state that encodeState wrote, in this release or an earlier one.
 * @param added for tests: the fields of another release
 * @throws AppError STATE_UNREADABLE for another format, bytes that end early or go on, or a value out of its range
 */
export function decodeState(bytes: Buffer, added = ADDED_FIELDS): CustomerState {
  const state = newCustomerState()
  decodeStateInto(state, bytes, 0, bytes.length, added)
  return state
}

/**
 * The same from a part of a buffer, into a state that was used before: nothing of what it held is left.
 * @throws AppError as `decodeState`; what `state` holds is then undefined
 */
export function decodeStateInto(
  state: CustomerState,
  bytes: Buffer,
  start: number,
  end: number,
  added = ADDED_FIELDS,
): void {
  const format = start < end ? bytes[start] : undefined
  if (format !== STATE_FORMAT && format !== FORMAT_WITHOUT_ADDED_FIELDS) {
    throw unreadable(`format ${format ?? 'missing'} is not known`)
  }
  const reader = new Reader(bytes, start + 1, start, end)
  clearState(state)
  const newest = reader.varint(MAX) - 1
  state.newestAt = newest
  state.firstSeenAt = reader.age(newest)
  state.lastActiveAt = reader.age(newest)
  state.lastInteractionAt = reader.age(newest)
  state.sessions = reader.varint(MAX)
  readCounters(reader, state)
  readPurchases(reader, state)
  state.subscription = reader.varint(SUBSCRIPTION_STATES.length - 1)
  state.subscriptionAt = reader.age(newest)
  for (let i = 0; i < ANSWERS.length; i++) {
    const answeredAt = reader.age(newest)
    state.answers[2 * i + 1] = answeredAt
    if (answeredAt !== NEVER) state.answers[2 * i] = reader.varint(MAX)
  }
  state.outcomeAt = reader.age(newest)
  if (state.outcomeAt !== NEVER) state.outcome = reader.varint(OUTCOME_KINDS.length - 1)
  state.leadHeld = reader.varint(MAX) - 1
  if (state.leadHeld !== NEVER) {
    state.leadHeldSince = reader.varint(MAX)
    state.leadHeldValue = reader.double()
  }
  state.churnHeld = reader.varint(MAX) - 1
  if (state.churnHeld !== NEVER) {
    state.churnHeldSince = reader.varint(MAX)
    state.churnHeldValue = reader.double()
  }
  state.nextTimerAt = reader.varint(MAX)
  const traits = reader.varint(end - start)
  if (traits > 0) state.traits = reader.list(traits, () => readTrait(reader, newest))
  readRecent(reader, state)
  if (format !== FORMAT_WITHOUT_ADDED_FIELDS) readAdded(reader, state, added)
  reader.end()
}

/** The arrays keep their room: they are of numbers of one kind, which V8 holds without a box each. */
function readCounters(reader: Reader, state: CustomerState): void {
  const { counters } = state
  state.counted = reader.varint(2 ** COUNTED.length - 1)
  let at = 0
  for (let rest = state.counted; rest !== 0; rest &= rest - 1) {
    counters[at++] = reader.varint(MAX)
    for (let i = 1; i < COUNTER_WIDTH; i++) counters[at++] = reader.double()
  }
  while (counters.length > at) counters.pop()
}

function readRecent(reader: Reader, state: CustomerState): void {
  const { recent } = state
  const length = 2 * reader.varint(RECENT_EVENTS)
  for (let i = 0; i < length; i++) recent[i] = reader.int32()
  while (recent.length > length) recent.pop()
  state.recentNext = length % (2 * RECENT_EVENTS)
}

function readPurchases(reader: Reader, state: CustomerState): void {
  state.purchases = reader.varint(MAX)
  state.refunds = reader.varint(MAX)
  state.failedPayments = reader.varint(MAX)
  state.lastPurchaseAt = reader.age(state.newestAt)
  state.gaps = reader.varint(MAX)
  if (state.gaps > 0) {
    state.gapMeanDays = reader.double()
    state.gapM2 = reader.double()
  }
  const currencies = reader.varint(reader.length)
  if (currencies > 0) state.money = reader.list(currencies, () => readMoney(reader, state.newestAt))
  state.reporting = reader.varint(currencies) - 1
}

function readMoney(reader: Reader, newest: number): Money {
  return {
    currency: reader.currency(),
    firstAt: reader.age(newest),
    purchasedMinor: reader.varint(MAX),
    refundedMinor: reader.varint(MAX),
  }
}

function readTrait(reader: Reader, newest: number): Trait {
  const name = reader.string()
  const at = reader.age(newest)
  return { name, value: readTraitValue(reader), at }
}

function readTraitValue(reader: Reader): TraitValue | null {
  const tag = reader.varint(TRAIT_STRING)
  if (tag === TRAIT_STRING) return reader.string()
  if (tag === TRAIT_NUMBER) return reader.double()
  return tag === TRAIT_NULL ? null : tag === TRAIT_TRUE
}
