import { type AvroType, parseAvroType } from '../../../schemas/avro-type.ts'
import { AppError } from '../../../schemas/errors.ts'
import type { LogRecord } from './evidence.ts'

const HEADER_BYTES = 5

export type Decoded =
  | { readonly kind: 'record'; readonly name: string; readonly value: unknown }
  /** With the reasons that a dead letter may give for it. */
  | { readonly kind: 'unreadable'; readonly reasons: readonly string[] }

/** Writer schemas by id. Records are read as they were written, without resolving anything. */
export class SchemaBook {
  readonly #types = new Map<number, AvroType | null>()
  readonly #schemaById: (id: number) => Promise<unknown>

  /** @param schemaById rejects with SCHEMA_UNKNOWN where there is none */
  constructor(schemaById: (id: number) => Promise<unknown>) {
    this.#schemaById = schemaById
  }

  /** Loads the schemas of all these values: `decode` doesn't wait. */
  async prepare(records: readonly LogRecord[]): Promise<void> {
    for (const { value } of records) {
      if (value === null || value.length < HEADER_BYTES || value[0] !== 0) continue
      const id = value.readInt32BE(1)
      if (!this.#types.has(id)) this.#types.set(id, await this.#load(id))
    }
  }

  decode(value: Buffer): Decoded {
    if (value.length === 0) return unreadable('EMPTY_VALUE')
    if (value.length < HEADER_BYTES || value[0] !== 0) return unreadable('NOT_WIRE_FORMAT')
    const type = this.#types.get(value.readInt32BE(1))
    if (!type) return unreadable('SCHEMA_UNKNOWN')
    try {
      const { value: record, offset } = type.decode(value, HEADER_BYTES)
      if (offset === value.length) return { kind: 'record', name: simpleName(type.name), value: record }
    } catch {
      // Which of the three it is depends on how a decoder goes about it.
    }
    return unreadable('TRUNCATED', 'TRAILING_BYTES', 'UNDECODABLE')
  }

  /** @throws Error for a record that the product wrote and nobody can read */
  decodeResult<T>({ value, offset }: LogRecord): T {
    const decoded = this.decode(value!)
    if (decoded.kind === 'record') return decoded.value as T
    throw new Error(`the record at ${offset} is ${decoded.reasons.join(' or ')}`)
  }

  async #load(id: number): Promise<AvroType | null> {
    try {
      return parseAvroType(await this.#schemaById(id))
    } catch (error) {
      if (error instanceof AppError && error.code === 'SCHEMA_UNKNOWN') return null
      throw error
    }
  }
}

function unreadable(...reasons: string[]): Decoded {
  return { kind: 'unreadable', reasons }
}

function simpleName(name: string | undefined): string {
  return name?.slice(name.lastIndexOf('.') + 1) ?? ''
}
