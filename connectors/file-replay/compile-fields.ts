import type { AvroField, AvroSchema } from '../../schemas/avro.ts'
import { compileValue, type Place, type Scalar } from './compile-value.ts'
import type { FieldSpec, ScalarSpec } from './mapping.ts'
import { mappingFault } from './mapping-fault.ts'
import { Rejection } from './rejection.ts'
import type { Columns, Row } from './row.ts'

type FieldValue = Scalar | Record<string, Scalar> | Record<string, unknown>[]
type ReadField = (rows: readonly Row[]) => FieldValue | Rejection

/** Builds the record of one event from the rows of its group. */
export type ReadRecord = (rows: readonly Row[]) => Record<string, unknown> | Rejection

/**
 * Compiles the fields of a rule for the fields of a topic's schema.
 * @throws AppError CONFIG_INVALID for fields the schema hasn't, lacks a value for, or holds in another shape
 */
export function compileFields(
  specs: Readonly<Record<string, FieldSpec>>,
  options: { fields: readonly AvroField[]; columns: Columns; path: string },
): ReadRecord {
  const { fields, columns, path } = options
  const readers = readersOf(specs, fields, path, (field, spec) =>
    compileField(field, spec, { columns, path: `${path}.${field.name}`, field: field.name }),
  )
  return (rows) => {
    const record: Record<string, unknown> = {}
    for (const [name, read] of readers) {
      const value = read(rows)
      if (value instanceof Rejection) return value
      record[name] = value
    }
    return record
  }
}

/** A reader for each field of the schema, in its order; what has no spec has the schema's default. */
function readersOf<S, R>(
  specs: Readonly<Record<string, S>>,
  fields: readonly AvroField[],
  path: string,
  compile: (field: AvroField, spec: S) => R,
): (readonly [string, R | (() => FieldValue)])[] {
  const unknown = Object.keys(specs).find((name) => !fields.some((field) => field.name === name))
  if (unknown !== undefined) {
    const known = fields.map(({ name }) => name).join(', ')
    throw mappingFault(`${path}.${unknown}`, `is not a field of the topic, which has ${known}`)
  }
  return fields.map((field) => {
    const spec = specs[field.name]
    if (spec !== undefined) return [field.name, compile(field, spec)]
    if (field.default === undefined) throw mappingFault(`${path}.${field.name}`, 'is missing')
    return [field.name, () => copyOf(field.default as FieldValue)]
  })
}

/** Defaults of our schemas hold nothing deeper than an empty list or map. */
function copyOf(standard: FieldValue): FieldValue {
  if (Array.isArray(standard)) return [...standard]
  return typeof standard === 'object' && standard !== null ? { ...standard } : standard
}

function compileField(field: AvroField, spec: FieldSpec, place: Place): ReadField {
  const shape = shapeOf(field.type)
  const given = spec !== null && typeof spec === 'object' && ('map' in spec ? 'map' : 'each' in spec && 'array')
  if ((given || 'scalar') !== shape.kind) throw mappingFault(place.path, `must be ${SPELLING[shape.kind]}`)
  if (shape.kind === 'map') return compileMap((spec as { map: Record<string, ScalarSpec> }).map, shape.values, place)
  if (shape.kind === 'array') {
    return compileEach((spec as { each: Record<string, ScalarSpec> }).each, shape.fields, place)
  }
  return compileScalar(field, spec as ScalarSpec, place)
}

function compileScalar({ type, default: standard }: AvroField, spec: ScalarSpec, place: Place) {
  const isNullable = Array.isArray(type) && type.includes('null')
  if (spec === null && !isNullable) throw mappingFault(place.path, 'must not be null')
  const read = compileValue(spec, place)
  return (rows: readonly Row[], i = 0): Scalar | Rejection => {
    const value = read(rows, i)
    if (value !== null || isNullable) return value
    if (standard !== undefined) return standard as Scalar
    return new Rejection('VALUE_EMPTY', place.field, 'is empty', i)
  }
}

function compileMap(specs: Record<string, ScalarSpec>, values: AvroSchema, place: Place): ReadField {
  const entries = Object.entries(specs).map(([name, spec]) => {
    const at = { ...place, path: `${place.path}.map.${name}`, field: `${place.field}.${name}` }
    const isText = spec === null ? Array.isArray(values) : typeof spec === 'string' || (spec.as ?? 'text') === 'text'
    if (values === 'string' && !isText) throw mappingFault(at.path, 'must be text')
    return { name, isNull: spec === null, read: compileValue(spec, at) }
  })
  return (rows) => {
    const map: Record<string, Scalar> = {}
    for (const { name, isNull, read } of entries) {
      const value = read(rows, 0)
      if (value instanceof Rejection) return value
      if (value !== null || isNull) map[name] = value
    }
    return map
  }
}

function compileEach(specs: Record<string, ScalarSpec>, fields: readonly AvroField[], place: Place): ReadField {
  const path = `${place.path}.each`
  const readers = readersOf(specs, fields, path, (field, spec) => {
    if (spec !== null && typeof spec === 'object' && spec.sum === true) {
      throw mappingFault(`${path}.${field.name}.sum`, 'is only for values of the whole group')
    }
    const at = { columns: place.columns, path: `${path}.${field.name}`, field: `${place.field}.${field.name}` }
    return compileScalar(field, spec, at)
  })
  return (rows) => {
    const entries: Record<string, unknown>[] = []
    for (let i = 0; i < rows.length; i++) {
      const entry: Record<string, unknown> = {}
      for (const [name, read] of readers) {
        const value = read(rows, i)
        if (value instanceof Rejection) return value
        entry[name] = value
      }
      entries.push(entry)
    }
    return entries
  }
}

const SPELLING = {
  scalar: 'a value',
  map: '{ "map": … }',
  array: '{ "each": … }',
} as const

type Shape =
  | { readonly kind: 'scalar' }
  | { readonly kind: 'map'; readonly values: AvroSchema }
  | { readonly kind: 'array'; readonly fields: readonly AvroField[] }

function shapeOf(type: AvroSchema): Shape {
  if (typeof type === 'string' || Array.isArray(type) || !('type' in type)) return { kind: 'scalar' }
  const named = type as { type: string; values?: AvroSchema; items?: { fields?: readonly AvroField[] } }
  if (named.type === 'map' && named.values !== undefined) return { kind: 'map', values: named.values }
  if (named.type === 'array') return { kind: 'array', fields: named.items?.fields ?? [] }
  return { kind: 'scalar' }
}
