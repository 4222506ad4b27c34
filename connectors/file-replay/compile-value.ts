import { minorDigits } from '../../schemas/minor-digits.ts'
import { add, type Decimal, multiply, negate, parseDecimal, toInteger, toScale, ZERO } from './decimal.ts'
import type { ScalarSpec, ValueSpec } from './mapping.ts'
import { mappingFault } from './mapping-fault.ts'
import { findPattern } from './pattern.ts'
import { Rejection, show } from './rejection.ts'
import type { Columns, Row } from './row.ts'
import { compileTemplate, type ReadText } from './template.ts'
import { parseTimestamp } from './timestamp.ts'

export type Scalar = string | number | boolean | null

/** The value that row `i` of a group gives (or the whole group, for sums); null where the text is empty. */
export type ReadValue = (rows: readonly Row[], i: number) => Scalar | Rejection

/** Where a value is compiled: the columns it adds to, its path in the mapping file, the event's field it fills. */
export interface Place {
  readonly columns: Columns
  readonly path: string
  readonly field: string
}

const OPTIONS: Readonly<Record<string, readonly (keyof ValueSpec)[]>> = {
  text: ['value', 'case', 'lookup'],
  integer: ['value', 'case', 'lookup', 'sum', 'negate'],
  number: ['value', 'case', 'lookup', 'negate'],
  boolean: ['value', 'case', 'lookup'],
  money: ['value', 'case', 'lookup', 'currency', 'times', 'sum', 'negate'],
  timestamp: ['value', 'case', 'lookup', 'format'],
  'line-time': ['start', 'stepMs'],
}

/** @throws AppError CONFIG_INVALID for options that don't belong together */
export function compileValue(spec: ScalarSpec, place: Place): ReadValue {
  if (spec === null) return () => null
  if (typeof spec === 'string') return readText(compileText({ value: spec }, place))
  const as = spec.as ?? 'text'
  for (const option of Object.keys(spec) as (keyof ValueSpec)[]) {
    if (option !== 'as' && !OPTIONS[as]!.includes(option)) {
      throw mappingFault(`${place.path}.${option}`, `is not an option of ${as}`)
    }
  }
  if (as === 'line-time') return readLineTime(spec, place)
  const text = compileText(spec, place)
  switch (as) {
    case 'integer':
      return readSum(spec, place, readNumber(text, place, spec.negate), toInteger)
    case 'money':
      return readMoney(spec, place, text)
    case 'number':
      return readFloat(readNumber(text, place, spec.negate))
    case 'boolean':
      return readBoolean(text, place)
    case 'timestamp':
      return readTimestamp(spec, place, text)
    default:
      return readText(text)
  }
}

type ReadPiece = (row: Row, i: number) => string | Rejection

function compileText(spec: ValueSpec, { columns, path, field }: Place): ReadPiece {
  if (spec.value === undefined) throw mappingFault(`${path}.value`, 'is missing')
  const template = withCase(compileTemplate(spec.value, columns), spec.case)
  const { lookup } = spec
  if (lookup === undefined) return template
  const find = findPattern(Object.keys(lookup))
  return (row, i) => {
    const text = template(row)
    const pattern = find(text)
    if (pattern !== undefined) return lookup[pattern] ?? ''
    return new Rejection('VALUE_UNKNOWN', field, `${show(text)} is not in the lookup table`, i)
  }
}

function withCase(read: ReadText, to: ValueSpec['case']): ReadText {
  if (to === undefined) return read
  return to === 'lower' ? (row) => read(row).toLowerCase() : (row) => read(row).toUpperCase()
}

function readText(text: ReadPiece): ReadValue {
  return (rows, i) => {
    const value = text(rows[i]!, i)
    return value === '' ? null : value
  }
}

type ReadDecimal = (row: Row, i: number) => Decimal | null | Rejection

function readNumber(text: ReadPiece, { field }: Place, turn = false): ReadDecimal {
  return (row, i) => {
    const value = text(row, i)
    if (value === '' || value instanceof Rejection) return value === '' ? null : value
    const decimal = parseDecimal(value)
    if (decimal === null) return new Rejection('NUMBER_INVALID', field, `${show(value)} is not a number`, i)
    return turn ? negate(decimal) : decimal
  }
}

/** One value, or with `sum` that of all rows; rounded once, at the end. */
function readSum(
  spec: ValueSpec,
  { field }: Place,
  read: ReadDecimal,
  finish: (sum: Decimal) => number | null,
): ReadValue {
  return (rows, i) => {
    let sum = ZERO
    const [from, to] = spec.sum === true ? [0, rows.length] : [i, i + 1]
    for (let at = from; at < to; at++) {
      const value = read(rows[at]!, at)
      if (value instanceof Rejection) return value
      if (value === null && spec.sum === true) return new Rejection('VALUE_EMPTY', field, 'one of the sum is empty', at)
      if (value === null) return null
      sum = from + 1 === to ? value : add(sum, value)
    }
    return finish(sum) ?? new Rejection('NUMBER_INVALID', field, 'has a fraction or is beyond exact integers', i)
  }
}

function readMoney(spec: ValueSpec, place: Place, text: ReadPiece): ReadValue {
  if (spec.currency === undefined) throw mappingFault(`${place.path}.currency`, 'is missing')
  const digits = minorDigits(spec.currency)
  const price = readNumber(text, place, spec.negate)
  const times = spec.times === undefined ? null : readNumber(compileText({ value: spec.times }, place), place)
  const amount: ReadDecimal = (row, i) => {
    const one = price(row, i)
    if (times === null || one === null || one instanceof Rejection) return one
    const count = times(row, i)
    return count === null || count instanceof Rejection ? count : multiply(one, count)
  }
  return readSum(spec, place, amount, (sum) => toScale(sum, digits))
}

function readFloat(read: ReadDecimal): ReadValue {
  return (rows, i) => {
    const value = read(rows[i]!, i)
    return value === null || value instanceof Rejection ? value : Number(`${value.units}e-${value.scale}`)
  }
}

function readBoolean(text: ReadPiece, { field }: Place): ReadValue {
  return (rows, i) => {
    const value = text(rows[i]!, i)
    if (value === '' || value instanceof Rejection) return value === '' ? null : value
    if (value === 'true' || value === 'false') return value === 'true'
    return new Rejection('FIELD_INVALID', field, `${show(value)} is neither true nor false`, i)
  }
}

function readTimestamp({ format = 'iso' }: ValueSpec, { field }: Place, text: ReadPiece): ReadValue {
  // Lines that follow one another often have the same time.
  let lastText = ''
  let last: number | null = null
  return (rows, i) => {
    const value = text(rows[i]!, i)
    if (value === '' || value instanceof Rejection) return value === '' ? null : value
    if (value !== lastText) last = parseTimestamp(value, format)
    lastText = value
    return last ?? new Rejection('TIMESTAMP_INVALID', field, `${show(value)} is not ${format}`, i)
  }
}

function readLineTime({ start, stepMs }: ValueSpec, { path }: Place): ReadValue {
  const startMs = start === undefined ? null : parseTimestamp(start, 'iso')
  if (startMs === null) throw mappingFault(`${path}.start`, 'must be an ISO time')
  if (stepMs === undefined) throw mappingFault(`${path}.stepMs`, 'is missing')
  return (rows, i) => startMs + rows[i]!.record.line * stepMs
}
