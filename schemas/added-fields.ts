import { type CustomerState, NEVER } from './customer-state.ts'
import { MAX, putBytes, putDouble, putSigned, putString, putVarint, type Reader, unreadable } from './state-bytes.ts'

/**
 * A field of the state that didn't exist in format 1. Stored states live as long as their customers, so each release
 * reads what every release before it wrote: a state without the field has the value that newCustomerState gives it.
 */
export interface AddedField {
  /** Whether the state has another value than newCustomerState's; only then is the field written. */
  readonly present: (state: CustomerState) => boolean
  /** Writes the value with the functions of state-bytes.ts. @returns the position after it */
  readonly put: (view: DataView, at: number, state: CustomerState) => number
  /** Reads what `put` wrote into the state; its other fields have been read. */
  readonly read: (reader: Reader, state: CustomerState) => void
}

/**
 * Append only: a field's number in stored bytes is its position here, plus 1. To add one:
 *  1. customer-state.ts: the field; new-state.ts: its default, what clears it, its copy;
 *  2. here: its entry, at the end;
 *  3. test/schemas/stored-states.ts: bytes that hold it, and the state that they are (a test asks for them);
 *  4. test/schemas/any-state.ts: its values.
 * A field that is no longer kept leaves its entry behind, with `present: () => false` and a `read` that skips it.
 */
export const ADDED_FIELDS: readonly AddedField[] = [
  {
    present: ({ firstPurchaseAt }) => firstPurchaseAt !== NEVER,
    put: (view, at, { newestAt, firstPurchaseAt }) => putVarint(view, at, newestAt - firstPurchaseAt + 1),
    read: (reader, state) => {
      state.firstPurchaseAt = reader.age(state.newestAt)
    },
  },
  {
    present: ({ purchaseDays }) => purchaseDays !== 0,
    put: (view, at, { purchaseDays }) => putVarint(view, at, purchaseDays),
    read: (reader, state) => {
      state.purchaseDays = reader.varint(MAX)
    },
  },
  {
    present: ({ place }) => place !== null,
    put: (view, at, { place }) => {
      at = putVarint(view, at, place!.day)
      at = putVarint(view, at, place!.frequency)
      at = putSigned(view, at, place!.monetary)
      return putString(view, at, place!.currency)
    },
    read: (reader, state) => {
      state.place = {
        day: reader.varint(MAX),
        frequency: reader.varint(MAX),
        monetary: reader.signed(),
        currency: reader.currency(),
      }
    },
  },
  {
    present: ({ standing }) => standing !== null,
    put: (view, at, { standing }) => {
      const { r, f, m, segment, tier, tierValue } = standing!
      for (const number of [r, f, m, segment, tier]) at = putVarint(view, at, number)
      return putDouble(view, at, tierValue)
    },
    read: (reader, state) => {
      state.standing = {
        r: reader.varint(MAX),
        f: reader.varint(MAX),
        m: reader.varint(MAX),
        segment: reader.varint(MAX),
        tier: reader.varint(MAX),
        tierValue: reader.double(),
      }
    },
  },
  {
    present: ({ keptAnswers }) => keptAnswers.length > 0,
    put: (view, at, { keptAnswers }) => putBytes(view, at, keptAnswers),
    read: (reader, state) => {
      state.keptAnswers = reader.bytes()
    },
  },
  {
    present: ({ keptOrders }) => keptOrders.length > 0,
    put: (view, at, { keptOrders }) => putBytes(view, at, keptOrders),
    read: (reader, state) => {
      state.keptOrders = reader.bytes()
    },
  },
  {
    present: ({ openSnapshots }) => openSnapshots.length > 0,
    put: (view, at, { openSnapshots }) => {
      at = putVarint(view, at, openSnapshots.length)
      let before = 0
      for (const end of openSnapshots) {
        at = putVarint(view, at, end - before)
        before = end
      }
      return at
    },
    read: (reader, state) => {
      let before = 0
      state.openSnapshots = reader.list(reader.varint(reader.length), () => {
        before += reader.varint(MAX)
        return before
      })
    },
  },
  {
    present: ({ lastPurchaseItems }) => lastPurchaseItems !== 0,
    put: (view, at, { lastPurchaseItems }) => putVarint(view, at, lastPurchaseItems),
    read: (reader, state) => {
      state.lastPurchaseItems = reader.varint(MAX)
    },
  },
]

/** Those that are present, each behind its number, and a 0. */
export function putAdded(view: DataView, at: number, state: CustomerState, added: readonly AddedField[]): number {
  for (let i = 0; i < added.length; i++) {
    const field = added[i]!
    if (!field.present(state)) continue
    at = putVarint(view, at, i + 1)
    at = field.put(view, at, state)
  }
  return putVarint(view, at, 0)
}

export function readAdded(reader: Reader, state: CustomerState, added: readonly AddedField[]): void {
  let last = 0
  for (let number = reader.varint(MAX); number !== 0; number = reader.varint(MAX)) {
    const field = added[number - 1]
    if (field === undefined) throw unreadable(`field ${number} is not known: a newer release wrote it`)
    if (number <= last) throw unreadable(`field ${number} follows field ${last}`)
    field.read(reader, state)
    last = number
  }
}
