import { AppError } from '../../schemas/errors.ts'
import { csvFields, type Fields } from './csv-fields.ts'
import { jsonColumns } from './json-columns.ts'
import type { Mapping } from './mapping.ts'
import type { RawRecord } from './record-splitter.ts'
import { Rejection } from './rejection.ts'
import type { Row } from './row.ts'

/** The rows of records, or why a record is none. */
export type ReadRows = (
  records: readonly RawRecord[],
) => { readonly record: RawRecord; readonly row: Row | Rejection }[]

/** Reads the columns that the mapping uses from lines of NDJSON. */
export function ndjsonRows(columns: readonly string[]): ReadRows {
  return (records) =>
    records.map((record) => {
      const values = record.rejection ?? jsonColumns(record.text, columns)
      return { record, row: values instanceof Rejection ? values : { record, values } }
    })
}

/**
 * Reads the columns that the mapping uses from records of CSV with this header.
 * @throws AppError CONFIG_INVALID for a column that the header hasn't, or has twice
 */
export function csvRows(columns: readonly string[], header: readonly string[], delimiter: string): ReadRows {
  const places = columns.map((name) => {
    const place = header.indexOf(name)
    if (place < 0) throw fault(name, `the file has no column ${name}; it has ${header.join(', ').slice(0, 500)}`)
    if (header.includes(name, place + 1)) throw fault(name, `the file has column ${name} twice`)
    return place
  })
  return (records) => {
    const fields = csvFields(records, delimiter)
    return records.map((record, i) => ({ record, row: pick(record, fields[i]!) }))
  }

  function pick(record: RawRecord, fields: Fields): Row | Rejection {
    if (fields instanceof Rejection) return fields
    if (fields.length < header.length) {
      const problem = `${fields.length} of ${header.length} columns`
      return new Rejection('COLUMNS_MISSING', header[fields.length] ?? '', problem)
    }
    if (fields.length > header.length) {
      return new Rejection('COLUMNS_EXTRA', '', `${fields.length} columns, the header has ${header.length}`)
    }
    return { record, values: places.map((place) => fields[place]!) }
  }
}

/** @throws AppError INPUT_INVALID when the first record of a CSV file is no header */
export function csvHeader(record: RawRecord, mapping: Mapping): readonly string[] {
  const [fields] = csvFields([record], mapping.delimiter ?? ',')
  if (fields instanceof Rejection) {
    throw new AppError('INPUT_INVALID', `line ${record.line} is no header: ${fields.reason} ${fields.problem}`)
  }
  return fields!.map((name) => name.trim())
}

function fault(field: string, message: string): AppError {
  return new AppError('CONFIG_INVALID', message, { details: { field } })
}
