/** Why a line doesn't become an event; a flat catalogue, each reason is a word of the rejects file and of the summary. */
export const REJECT_REASONS = {
  NOT_UTF8: 'bytes that are not UTF-8',
  RECORD_TOO_LONG: 'more bytes than one record may have',
  QUOTE_NOT_CLOSED: 'a quote opens and does not close within the lines one record may have',
  CSV_MALFORMED: 'a quote where none may stand',
  COLUMNS_MISSING: 'fewer columns than the header',
  COLUMNS_EXTRA: 'more columns than the header',
  JSON_MALFORMED: 'not one JSON object',
  VALUE_EMPTY: 'a value that must be there is empty',
  VALUE_UNKNOWN: 'a value that the lookup table does not have',
  NUMBER_INVALID: 'not a number, or not one of the kind asked for',
  TIMESTAMP_INVALID: 'not a time of the format asked for',
  NO_RULE: 'no rule of the mapping is for this line',
  FIELD_INVALID: "a value that the topic's schema refuses",
  TENANT_ID_INVALID: 'not a tenant id',
  CUSTOMER_ID_INVALID: 'not 1-512 bytes of UTF-8',
  EVENT_ID_INVALID: 'not 1-256 bytes of UTF-8',
  AMOUNT_INVALID: 'an amount below 0 or beyond exact integers',
  QUANTITY_INVALID: 'a quantity below 1',
  CURRENCY_INVALID: 'not three letters',
  SCORE_OUT_OF_RANGE: 'a score beyond the range of its survey',
  DURATION_INVALID: 'a duration below 0',
  EVENT_TOO_LARGE: 'more bytes than a record of an input topic may have',
  GROUP_MIXED: 'lines of one group differ in a column that must be the same',
  GROUP_TOO_LARGE: 'more lines in one group than allowed',
  GROUP_SCATTERED: 'a line of a group that had ended',
} as const

export type RejectReason = keyof typeof REJECT_REASONS

/** What is returned instead of a value: one line's fault, not an error of the program, so it isn't thrown. */
export class Rejection {
  readonly reason: RejectReason
  /** The event's field or the file's column; empty when the whole line is meant. */
  readonly field: string
  readonly problem: string
  /** Which row of a group, from 0. */
  readonly row: number

  constructor(reason: RejectReason, field: string, problem: string, row = 0) {
    this.reason = reason
    this.field = field
    this.problem = problem
    this.row = row
  }
}

/** A value for a message: quoted, and cut. */
export function show(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
