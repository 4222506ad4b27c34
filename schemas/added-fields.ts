import type { CustomerState } from './customer-state.ts'
import { MAX, putVarint, type Reader, unreadable } from './state-bytes.ts'

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
 *  1. customer-state.ts: the field in CustomerState, its default in newCustomerState, its copy in cloneState;
 *  2. here: its entry, at the end;
 *  3. test/schemas/stored-states.ts: bytes that hold it, and the state that they are (a test asks for them);
 *  4. test/schemas/any-state.ts: its values.
 * A field that is no longer kept leaves its entry behind, with `present: () => false` and a `read` that skips it.
 */
export const ADDED_FIELDS: readonly AddedField[] = []

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
