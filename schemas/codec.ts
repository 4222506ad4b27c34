import { inspect } from 'node:util'
import type { AvroSchema } from './avro.ts'
import { type AvroType, avroType, parseAvroType } from './avro-type.ts'
import { AppError, type ErrorCode, messageOf } from './errors.ts'
import { type TimeReader, timeReaderOf } from './event-time.ts'

type Resolver = ReturnType<AvroType['createResolver']>

const MAGIC = 0
export const WIRE_HEADER_BYTES = 5
/** Most records are smaller; one that isn't is encoded again. */
const USUAL_BYTES = 1_024
/** Of a value that was refused, in a message: on one line, and not all of it. */
const SHOWN = { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60, maxArrayLength: 5 } as const

/** Where writer schemas come from: the registry, or a fixed set in tests. */
export interface SchemaSource {
  /** @throws AppError SCHEMA_UNKNOWN when there is none of that id; retryable when the registry can't be asked */
  schemaById(id: number): Promise<unknown>
}

/** What `decode` says instead of a value: the schema with this id has to be loaded first (`load`). */
export class SchemaNeeded {
  readonly id: number
  constructor(id: number) {
    this.id = id
  }
}

/** How to read what was written by one schema. */
interface Readable {
  readonly kind: 'readable'
  /** undefined: it is ours. */
  readonly resolver: Resolver | undefined
  readonly time: TimeReader | null
}

type Known = Readable | { readonly kind: 'refused'; readonly error: AppError; readonly until: number }

/** An id that the registry doesn't know is asked for again after so long, not once a record; a bad schema stays bad. */
const REFUSED_FOR_MS: { readonly [Code in ErrorCode]?: number } = {
  SCHEMA_UNKNOWN: 60_000,
  SCHEMA_INCOMPATIBLE: Number.POSITIVE_INFINITY,
}

/**
 * Values of one topic in the Confluent wire format (byte 0, schema id, Avro binary), read as our schema through the
 * resolver of the writer's. Synchronous once the writer's schema is known.
 */
export class AvroCodec<T> {
  readonly #type: AvroType
  readonly #source: SchemaSource
  readonly #known = new Map<number, Known>()
  readonly #now: () => number
  #ownId = -1
  #encode: (value: T, into: Buffer, at: number) => number

  constructor(schema: AvroSchema, source: SchemaSource, now: () => number = Date.now) {
    this.#type = avroType(schema)
    this.#source = source
    this.#now = now
    this.#encode = (value, into, at) => this.#type.encode(value, into, at)
  }

  /** Writes by that function instead of avsc's; it must write the same bytes. */
  useEncoder(encode: (value: T, into: Buffer, at: number) => number): this {
    this.#encode = encode
    return this
  }

  /** The id that the registry gave our own schema; needed before `encode`. */
  useId(id: number): this {
    this.#ownId = id
    this.#known.set(id, this.#readable(this.#type))
    return this
  }

  /** @throws AppError INPUT_INVALID for bytes that are not a whole record; SCHEMA_* for the writer's schema */
  decode(bytes: Buffer): T | SchemaNeeded {
    return this.decodeFrom(bytes, 0, bytes.length)
  }

  /** The same for a part of a buffer. */
  decodeFrom(bytes: Buffer, start: number, end: number): T | SchemaNeeded {
    const known = this.#readerOf(bytes, start, end)
    return known instanceof SchemaNeeded ? known : this.#decode(known, bytes, start, end)
  }

  /**
   * `occurredAt` alone, epoch ms, which costs a small part of decoding; NaN where there is none, or the bytes are damaged.
   * The rest of them may be damaged all the same.
   * @throws AppError as decode, but for damaged bytes
   */
  timeFrom(bytes: Buffer, start: number, end: number): number | SchemaNeeded {
    const known = this.#readerOf(bytes, start, end)
    if (known instanceof SchemaNeeded) return known
    return known.time === null ? Number.NaN : known.time(bytes, start + WIRE_HEADER_BYTES, end)
  }

  #readerOf(bytes: Buffer, start: number, end: number): Readable | SchemaNeeded {
    if (end - start < WIRE_HEADER_BYTES || bytes[start] !== MAGIC) {
      throw new AppError('INPUT_INVALID', end === start ? 'empty value' : 'not in the Confluent wire format', {
        details: { reason: end === start ? 'EMPTY_VALUE' : 'NOT_WIRE_FORMAT' },
      })
    }
    const id = bytes.readInt32BE(start + 1)
    const known = this.#known.get(id)
    if (known === undefined) return new SchemaNeeded(id)
    if (known.kind === 'readable') return known
    if (known.until > this.#now()) throw known.error
    this.#known.delete(id)
    return new SchemaNeeded(id)
  }

  #decode({ resolver }: Readable, bytes: Buffer, start: number, end: number): T {
    let decoded: { value: unknown; offset: number }
    try {
      decoded = this.#type.decode(bytes, start + WIRE_HEADER_BYTES, resolver)
    } catch (error) {
      throw new AppError('INPUT_INVALID', `undecodable Avro: ${messageOf(error)}`, {
        cause: error,
        details: { reason: 'UNDECODABLE' },
      })
    }
    if (decoded.offset !== end) {
      const truncated = decoded.offset < 0 || decoded.offset > end
      throw new AppError('INPUT_INVALID', truncated ? 'truncated Avro' : 'bytes after the end of the record', {
        details: { reason: truncated ? 'TRUNCATED' : 'TRAILING_BYTES' },
      })
    }
    return decoded.value as T
  }

  /** Loads a writer schema once. @throws AppError (retryable) while the registry can't be asked; nothing is remembered */
  async load(id: number): Promise<void> {
    if (this.#known.has(id)) return
    try {
      this.#known.set(id, this.#resolve(id, parseSchema(id, await this.#source.schemaById(id))))
    } catch (error) {
      if (!(error instanceof AppError) || !(error.code in REFUSED_FOR_MS)) throw error
      this.#known.set(id, { kind: 'refused', error, until: this.#now() + REFUSED_FOR_MS[error.code]! })
    }
  }

  async decodeLoading(bytes: Buffer): Promise<T> {
    const first = this.decode(bytes)
    if (!(first instanceof SchemaNeeded)) return first
    await this.load(first.id)
    return this.decode(bytes) as T
  }

  /** Whether the value was written as our own schema. */
  isOwn(bytes: Buffer): boolean {
    return bytes.length >= WIRE_HEADER_BYTES && bytes[0] === MAGIC && bytes.readInt32BE(1) === this.#ownId
  }

  /** Writes header and value at `at`. @returns the end, or a negative number: so many bytes are missing */
  encodeInto(value: T, into: Buffer, at: number): number {
    if (this.#ownId < 0) throw new AppError('INTERNAL', `no schema id for ${this.#type.name}`)
    if (into.length - at < WIRE_HEADER_BYTES) return at - into.length - WIRE_HEADER_BYTES
    into[at] = MAGIC
    into.writeInt32BE(this.#ownId, at + 1)
    return this.#encode(value, into, at + WIRE_HEADER_BYTES)
  }

  /** @throws AppError INPUT_INVALID naming the field whose value doesn't fit the schema */
  encode(value: T): Buffer {
    if (this.#ownId < 0) throw new AppError('INTERNAL', `no schema id for ${this.#type.name}`)
    // avsc's own encoder refuses what doesn't fit; only who was refused is looked through for the field.
    let room = Buffer.allocUnsafe(USUAL_BYTES)
    let end: number
    try {
      end = this.#type.encode(value, room, WIRE_HEADER_BYTES)
      if (end < 0) {
        room = Buffer.allocUnsafe(room.length - end)
        end = this.#type.encode(value, room, WIRE_HEADER_BYTES)
      }
    } catch (cause) {
      throw this.#invalid(value) ?? cause
    }
    room[0] = MAGIC
    room.writeInt32BE(this.#ownId, 1)
    return room.subarray(0, end)
  }

  /** Which field doesn't fit the schema; null: all do. */
  #invalid(value: T): AppError | null {
    const wrong: { field: string; shown: string }[] = []
    const valid = this.#type.isValid(value, {
      errorHook: (path: string[], any: unknown) => wrong.push({ field: path.join('.'), shown: inspect(any, SHOWN) }),
    })
    if (valid) return null
    const { field, shown } = wrong[0] ?? { field: '', shown: 'not a record' }
    return new AppError('INPUT_INVALID', `${this.#type.name}: ${field} is ${shown}`, { details: { field } })
  }

  #resolve(id: number, writer: AvroType): Known {
    if (writer.equals(this.#type)) return this.#readable(writer)
    try {
      // As Avro's specification and the registry do: names are compared without their namespaces.
      return this.#readable(writer, this.#type.createResolver(writer, { ignoreNamespaces: true }))
    } catch (cause) {
      return { kind: 'refused', error: this.#refusal(id, writer.name, cause), until: Number.POSITIVE_INFINITY }
    }
  }

  #readable(writer: AvroType, resolver?: Resolver): Readable {
    return { kind: 'readable', resolver, time: timeReaderOf(writer) }
  }

  /** A version of our schema that broke its promises is a fault of all its records; any other schema of this record only. */
  #refusal(id: number, writer: string | undefined, cause: unknown): AppError {
    const ours = this.#type.name
    const details = { schemaId: id, type: ours }
    if (simpleName(writer) === simpleName(ours)) {
      return new AppError('SCHEMA_INCOMPATIBLE', `schema ${id} can't be read as ${ours}: ${messageOf(cause)}`, {
        cause,
        details,
      })
    }
    return new AppError('INPUT_INVALID', `schema ${id} is ${writer ?? 'not of a record'}, not ${ours}`, {
      cause,
      details: { ...details, reason: 'SCHEMA_FOREIGN' },
    })
  }
}

function simpleName(name: string | undefined): string | undefined {
  return name?.slice(name.lastIndexOf('.') + 1)
}

/** @throws AppError SCHEMA_INCOMPATIBLE when avsc can't make sense of it: of a default that its field can't have, say */
function parseSchema(id: number, schema: unknown): AvroType {
  try {
    return parseAvroType(schema)
  } catch (cause) {
    throw new AppError('SCHEMA_INCOMPATIBLE', `schema ${id} can't be parsed: ${messageOf(cause)}`, {
      cause,
      details: { schemaId: id },
    })
  }
}
