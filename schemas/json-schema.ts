import { type TSchema, type TUnsafe, Unsafe } from 'typebox'
import type { AvroField, AvroSchema, FromAvro } from './avro.ts'

interface AvroRecord {
  readonly type: 'record'
  readonly name: string
  readonly doc?: string
  readonly fields: readonly AvroField[]
}

/** The properties of a record's JSON form. JSON has no bytes: such fields (opaque to readers) are left out. */
export type JsonProperties<R extends AvroRecord> = {
  [F in R['fields'][number] as FromAvro<F['type']> extends Uint8Array ? never : F['name']]: TUnsafe<FromAvro<F['type']>>
}

/** JSON Schema of each field of an Avro record constant, typed as the codec reads it. */
export function jsonProperties<const R extends AvroRecord>(record: R): JsonProperties<R> {
  const entries = record.fields
    .filter((field) => !isBytes(field.type))
    .map((field) => [field.name, Unsafe(withDoc(nodeOf(field.type), field.doc))])
  return Object.fromEntries(entries) as JsonProperties<R> // the filter above is JsonProperties' key remapping
}

/** JSON Schema of an Avro schema constant; its static type is the type that the codec reads. */
export function jsonSchemaOf<const S extends AvroSchema>(schema: S): TUnsafe<FromAvro<S>> {
  return Unsafe<FromAvro<S>>(nodeOf(schema))
}

const TIMESTAMP = { type: 'integer', description: 'Milliseconds since 1970-01-01 UTC.' }

function nodeOf(schema: AvroSchema): TSchema {
  if (typeof schema === 'string') return primitiveOf(schema)
  if (isUnion(schema)) return unionOf(schema.map(nodeOf))
  switch (schema.type) {
    case 'record': {
      const fields = (schema as AvroRecord).fields.filter((field) => !isBytes(field.type))
      return withDoc(
        {
          type: 'object',
          required: fields.map((field) => field.name),
          properties: Object.fromEntries(fields.map((field) => [field.name, withDoc(nodeOf(field.type), field.doc)])),
        },
        (schema as AvroRecord).doc,
      )
    }
    case 'enum':
      return { type: 'string', enum: [...(schema as { readonly symbols: readonly string[] }).symbols] }
    case 'array':
      return { type: 'array', items: nodeOf((schema as { readonly items: AvroSchema }).items) }
    case 'map':
      return { type: 'object', additionalProperties: nodeOf((schema as { readonly values: AvroSchema }).values) }
    default:
      return 'logicalType' in schema && schema.logicalType === 'timestamp-millis' ? TIMESTAMP : primitiveOf(schema.type)
  }
}

function primitiveOf(name: string): TSchema {
  if (name === 'int' || name === 'long') return { type: 'integer' }
  if (name === 'float' || name === 'double') return { type: 'number' }
  return { type: name }
}

/** `['null', x]` of plain types is one list of types: shorter to read, and no trial and error for the serializer. */
function unionOf(branches: readonly TSchema[]): TSchema {
  const plain = branches.every((branch) => Object.keys(branch).length === 1 && 'type' in branch)
  if (!plain) return { anyOf: [...branches] }
  const types = branches.map((branch) => (branch as { type: string }).type)
  return { type: [...types.filter((type) => type !== 'null'), ...types.filter((type) => type === 'null')] }
}

function withDoc(node: TSchema, doc: string | undefined): TSchema {
  return doc === undefined ? node : { ...node, description: doc }
}

function isUnion(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema)
}

function isBytes(schema: AvroSchema): boolean {
  return schema === 'bytes' || (typeof schema === 'object' && 'type' in schema && schema.type === 'bytes')
}
