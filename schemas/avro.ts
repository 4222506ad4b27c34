/** The part of Avro that everscore writes its schemas in. */
export type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

export type AvroSchema =
  | AvroPrimitive
  | readonly AvroSchema[]
  | {
      readonly type: 'record'
      readonly name: string
      readonly namespace?: string
      readonly doc?: string
      readonly fields: readonly AvroField[]
    }
  | {
      readonly type: 'enum'
      readonly name: string
      readonly symbols: readonly string[]
      readonly default?: string
      readonly doc?: string
    }
  | { readonly type: 'array'; readonly items: AvroSchema }
  | { readonly type: 'map'; readonly values: AvroSchema }
  | { readonly type: AvroPrimitive; readonly logicalType?: string }

export interface AvroField {
  readonly name: string
  readonly type: AvroSchema
  readonly default?: unknown
  readonly doc?: string
}

/**
 * The TypeScript type of the values of an Avro schema constant (`as const`), as avsc reads and writes them:
 * longs are numbers (safe integers only), bytes are Buffers, unions are unwrapped.
 */
export type FromAvro<S> = S extends 'null'
  ? null
  : S extends 'boolean'
    ? boolean
    : S extends 'int' | 'long' | 'float' | 'double'
      ? number
      : S extends 'bytes'
        ? Buffer
        : S extends 'string'
          ? string
          : S extends readonly (infer Branch)[]
            ? Branch extends unknown
              ? FromAvro<Branch>
              : never
            : S extends { readonly type: 'record'; readonly fields: infer Fields extends readonly AvroField[] }
              ? { -readonly [F in Fields[number] as F['name']]: FromAvro<F['type']> }
              : S extends { readonly type: 'enum'; readonly symbols: infer Symbols extends readonly string[] }
                ? Symbols[number]
                : S extends { readonly type: 'array'; readonly items: infer Items }
                  ? FromAvro<Items>[]
                  : S extends { readonly type: 'map'; readonly values: infer Values }
                    ? Record<string, FromAvro<Values>>
                    : S extends { readonly type: infer Named }
                      ? FromAvro<Named>
                      : never
