import { parse } from 'csv-parse/sync'
import { messageOf } from '../../schemas/errors.ts'
import type { RawRecord } from './record-splitter.ts'
import { Rejection } from './rejection.ts'

/** The fields of one record, or why it has none. */
export type Fields = readonly string[] | Rejection

/**
 * The fields of each record. A record without quotes is just cut at the delimiters; the others go through csv-parse
 * together, because a call of it for each record costs ten times as much.
 */
export function csvFields(records: readonly RawRecord[], delimiter: string): Fields[] {
  const quoted = records.filter((record) => record.hasQuotes && record.rejection === null)
  const parsed = parseAll(quoted, delimiter)
  let next = 0
  return records.map(({ text, hasQuotes, rejection }) => {
    if (rejection !== null) return rejection
    return hasQuotes ? parsed[next++]! : text.split(delimiter)
  })
}

function parseAll(records: readonly RawRecord[], delimiter: string): Fields[] {
  if (records.length === 0) return []
  const options = { delimiter, record_delimiter: '\n', relax_column_count: true }
  try {
    const rows: string[][] = parse(records.map(({ text }) => text).join('\n'), options)
    if (rows.length === records.length) return rows
  } catch {
    // One of them is malformed; read one by one, only that one is lost.
  }
  return records.map(({ text }) => {
    try {
      const rows: string[][] = parse(text, options)
      return rows.length === 1 ? rows[0]! : new Rejection('CSV_MALFORMED', '', `${rows.length} records in one`)
    } catch (error) {
      return new Rejection('CSV_MALFORMED', '', messageOf(error).replace(/ at line 1\b/, ''))
    }
  })
}
