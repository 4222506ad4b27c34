import { messageOf } from '../../schemas/errors.ts'
import { Rejection } from './rejection.ts'

/**
 * The columns of one line of NDJSON as text. A column is a key of the object, or a path such as `user.id`. Numbers keep
 * the digits they are written with (a parsed 64-bit id would already be another one); null and what isn't there are ''.
 */
export function jsonColumns(text: string, columns: readonly string[]): readonly string[] | Rejection {
  let value: unknown
  try {
    value = JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown)
  } catch (error) {
    return new Rejection('JSON_MALFORMED', '', messageOf(error).slice(0, 120))
  }
  if (!isObject(value)) return new Rejection('JSON_MALFORMED', '', 'not an object')
  const row = value
  return columns.map((column) => textOf(lookUp(row, column)))
}

/** The third argument holds the number's source text: in V8 since Node 22, not yet in TypeScript's library. */
function keepDigits(_key: string, value: unknown, context: { readonly source: string }): unknown {
  return typeof value === 'number' ? context.source : value
}

function lookUp(row: Readonly<Record<string, unknown>>, column: string): unknown {
  if (Object.hasOwn(row, column)) return row[column]
  let value: unknown = row
  for (const key of column.split('.')) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return value
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
