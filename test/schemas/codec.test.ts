import avro from 'avsc'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { interactionSchema } from '../../schemas/avro/interaction.ts'
import type { Profile } from '../../schemas/avro/profile.ts'
import { profileSchema } from '../../schemas/avro/profile.ts'
import { surveySchema } from '../../schemas/avro/survey.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import { transactionSchema } from '../../schemas/avro/transaction.ts'
import type { AvroSchema } from '../../schemas/avro.ts'
import { avroType } from '../../schemas/avro-type.ts'
import { toAvsc } from '../../schemas/avsc.ts'
import { AvroCodec, SchemaNeeded, type SchemaSource } from '../../schemas/codec.ts'
import { AppError } from '../../schemas/errors.ts'

/** A registry in memory that counts what it is asked. */
class Schemas implements SchemaSource {
  readonly #byId = new Map<number, unknown>()
  readonly asked: number[] = []
  isDown = false

  add(id: number, schema: unknown): this {
    this.#byId.set(id, schema)
    return this
  }

  async schemaById(id: number): Promise<unknown> {
    this.asked.push(id)
    if (this.isDown) throw new AppError('SERVER_FAILED', 'no answer', { retryable: true })
    const found = this.#byId.get(id)
    if (found === undefined) throw new AppError('SCHEMA_UNKNOWN', `no schema ${id}`)
    return found
  }
}

const purchase: Transaction = {
  eventId: 'e-1',
  tenantId: 'shop',
  customerId: 'c-1',
  type: 'PURCHASE',
  occurredAt: 1_700_000_000_000,
  orderId: 'o-1',
  currency: 'GBP',
  amountMinor: 1_250,
  lines: [
    { itemId: 'a', category: null, quantity: 2, unitPriceMinor: 500 },
    { itemId: 'ü', category: 'tea', quantity: 1, unitPriceMinor: 250 },
  ],
  properties: { note: 'gift' },
}

const circular: { self?: unknown } = {}
circular.self = circular

let schemas: Schemas
let now: number
let codec: AvroCodec<Transaction>

beforeEach(() => {
  schemas = new Schemas().add(1, toAvsc(transactionSchema))
  now = 1_000
  codec = new AvroCodec<Transaction>(transactionSchema, schemas, () => now).useId(1)
})

/** The value as an application with a schema of its own writes it. */
function written(schema: unknown, id: number, value: unknown): Buffer {
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  return Buffer.concat([header, avro.Type.forSchema(schema as avro.Schema).toBuffer(value)])
}

const reasonOf = (bytes: Buffer): unknown => {
  try {
    codec.decode(bytes)
  } catch (error) {
    if (error instanceof AppError && error.code === 'INPUT_INVALID') return error.details['reason']
    throw error
  }
  return 'DECODED'
}

test('reads what it wrote, and what avsc wrote', () => {
  const bytes = codec.encode(purchase)
  expect([...bytes.subarray(0, 5)]).toEqual([0, 0, 0, 0, 1])
  expect(codec.decode(bytes)).toEqual(purchase)
  expect(bytes.equals(written(toAvsc(transactionSchema), 1, purchase))).toBe(true)
})

test('encodeInto writes the same bytes in place, and says how many are missing', () => {
  const bytes = codec.encode(purchase)
  for (let room = 0; room < bytes.length; room++) {
    const end = codec.encodeInto(purchase, Buffer.alloc(3 + room), 3)
    expect(end).toBeLessThan(0)
  }
  const into = Buffer.alloc(3 + bytes.length + 10)
  expect(codec.encodeInto(purchase, into, 3)).toBe(3 + bytes.length)
  expect(into.subarray(3, 3 + bytes.length).equals(bytes)).toBe(true)
})

describe('bytes that are no record', () => {
  test('each is refused with a reason of its own', () => {
    const bytes = codec.encode(purchase)
    expect(reasonOf(Buffer.alloc(0))).toBe('EMPTY_VALUE')
    for (let length = 1; length < 5; length++) expect(reasonOf(bytes.subarray(0, length))).toBe('NOT_WIRE_FORMAT')
    expect(reasonOf(Buffer.from('{"json": true}'))).toBe('NOT_WIRE_FORMAT')
    expect(reasonOf(Buffer.concat([bytes, Buffer.from([0])]))).toBe('TRAILING_BYTES')
    expect(reasonOf(bytes)).toBe('DECODED')
  })

  test('a record that was cut is refused wherever it was cut', () => {
    const bytes = codec.encode(purchase)
    for (let length = 5; length < bytes.length; length++) {
      expect(reasonOf(bytes.subarray(0, length))).toMatch(/^(TRUNCATED|UNDECODABLE)$/)
    }
  })

  test('damaged bytes are refused or read as another record, and never anything else', () => {
    const bytes = codec.encode(purchase)
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 5, max: bytes.length - 1 }), fc.nat(255))), (damages) => {
        const damaged = Buffer.from(bytes)
        for (const [at, byte] of damages) damaged[at] = byte
        expect(reasonOf(damaged)).toMatch(/^(TRUNCATED|UNDECODABLE|TRAILING_BYTES|DECODED)$/)
      }),
      { numRuns: 5_000 },
    )
  })

  test('a count of items that the bytes can not hold is refused at once', () => {
    // 2^50 items: a reader that believes it never comes back.
    const count = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x04]
    const whole = codec.encode({ ...purchase, lines: [], properties: {} })
    const inLines = Buffer.concat([whole.subarray(0, -2), Buffer.from(count)])
    const inProperties = Buffer.concat([whole.subarray(0, -1), Buffer.from(count)])
    for (const bytes of [inLines, inProperties]) {
      expect(reasonOf(bytes)).toMatch(/^(TRUNCATED|UNDECODABLE)$/)
      expect(reasonOf(Buffer.concat([bytes, Buffer.alloc(100, 2)]))).toMatch(/^(TRUNCATED|UNDECODABLE)$/)
    }
  })

  test('such a count is refused in a field that only the writer has', async () => {
    const field = { name: 'tags', type: { type: 'map', values: 'string' }, default: {} } as const
    const writer = toAvsc({ ...transactionSchema, fields: [...transactionSchema.fields, field] } as AvroSchema)
    schemas.add(2, writer)
    await codec.load(2)
    const whole = written(writer, 2, { ...purchase, tags: {} })
    const count = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x04])
    expect(reasonOf(Buffer.concat([whole.subarray(0, -1), count]))).toMatch(/^(TRUNCATED|UNDECODABLE)$/)
  })
})

describe('the schema of a writer', () => {
  test('is needed before its records are read, and asked for once', async () => {
    schemas.add(9, toAvsc(transactionSchema))
    const bytes = written(toAvsc(transactionSchema), 9, purchase)
    expect(codec.decode(bytes)).toEqual(new SchemaNeeded(9))
    await codec.load(9)
    await codec.load(9)
    expect(codec.decode(bytes)).toEqual(purchase)
    expect(await codec.decodeLoading(bytes)).toEqual(purchase)
    expect(schemas.asked).toEqual([9])
  })

  test('that the registry does not know is asked for again only after a minute', async () => {
    const bytes = written(toAvsc(transactionSchema), 404, purchase)
    expect(codec.decode(bytes)).toBeInstanceOf(SchemaNeeded)
    await codec.load(404)
    for (let i = 0; i < 10; i++)
      expect(() => codec.decode(bytes)).toThrow(expect.objectContaining({ code: 'SCHEMA_UNKNOWN' }))
    now += 59_999
    expect(() => codec.decode(bytes)).toThrow(/no schema 404/)
    expect(schemas.asked).toEqual([404])
    now += 1
    schemas.add(404, toAvsc(transactionSchema))
    expect(codec.decode(bytes)).toBeInstanceOf(SchemaNeeded)
    await codec.load(404)
    expect(codec.decode(bytes)).toEqual(purchase)
    expect(schemas.asked).toEqual([404, 404])
  })

  test('is asked for again when the registry could not be asked', async () => {
    schemas.add(9, toAvsc(transactionSchema)).isDown = true
    const bytes = written(toAvsc(transactionSchema), 9, purchase)
    await expect(codec.load(9)).rejects.toMatchObject({ code: 'SERVER_FAILED', retryable: true })
    expect(codec.decode(bytes)).toBeInstanceOf(SchemaNeeded)
    schemas.isDown = false
    await codec.load(9)
    expect(codec.decode(bytes)).toEqual(purchase)
  })
})

describe('evolution', () => {
  /** The schema with other fields: a field without a type is removed, one of the same name is replaced. */
  const evolved = (changes: Readonly<Record<string, object | null>>): unknown => {
    const { fields, ...rest } = toAvsc(transactionSchema) as { fields: { name: string }[] }
    const kept = fields
      .filter(({ name }) => changes[name] !== null)
      .map((field) => ({ ...field, ...changes[field.name] }))
    const added = Object.entries(changes)
      .filter(([name, change]) => change !== null && !fields.some((field) => field.name === name))
      .map(([name, change]) => ({ name, ...change }))
    return { ...rest, fields: [...kept, ...added] }
  }

  const readAs = async (writer: unknown, value: object): Promise<Transaction> => {
    schemas.add(2, writer)
    return await codec.decodeLoading(written(writer, 2, value))
  }

  test('a field that the writer does not have yet gets its default', async () => {
    const { orderId: _orderId, properties: _properties, ...older } = purchase
    const writer = evolved({ orderId: null, properties: null })
    expect(await readAs(writer, older)).toEqual({ ...purchase, orderId: null, properties: {} })
  })

  test('fields that only the writer has are skipped, wherever they stand', async () => {
    const writer = evolved({
      coupon: { type: ['null', 'string'], default: null },
      shipping: { type: { type: 'record', name: 'Shipping', fields: [{ name: 'days', type: 'int' }] } },
      tags: { type: { type: 'array', items: 'string' }, default: [] },
    })
    expect(await readAs(writer, { ...purchase, coupon: 'SUMMER', shipping: { days: 3 }, tags: ['a'] })).toEqual(
      purchase,
    )
  })

  test('an int is read as a long', async () => {
    expect(await readAs(evolved({ amountMinor: { type: 'int' } }), purchase)).toEqual(purchase)
  })

  test('a plain string is read as an optional one', async () => {
    expect(await readAs(evolved({ orderId: { type: 'string', default: '' } }), purchase)).toEqual(purchase)
  })

  test('fields in another order and another documentation are the same schema', async () => {
    const { fields, ...rest } = toAvsc(transactionSchema) as { fields: object[] }
    expect(await readAs({ ...rest, doc: 'other', fields: fields.toReversed() }, purchase)).toEqual(purchase)
  })

  test('a union with a logical type among its branches is read as the plain one', async () => {
    const schema = (times: unknown): AvroSchema =>
      ({
        type: 'record',
        name: 'Visit',
        fields: [{ name: 'at', type: ['null', times] }],
      }) as AvroSchema
    const reader = new AvroCodec<{ at: number | null }>(
      schema({ type: 'long', logicalType: 'timestamp-millis' }),
      schemas.add(3, toAvsc(schema('long'))).add(4, toAvsc(schema({ type: 'int', logicalType: 'date' }))),
    )
    expect(await reader.decodeLoading(written(toAvsc(schema('long')), 3, { at: 1_700_000_000_000 }))).toEqual({
      at: 1_700_000_000_000,
    })
    expect(await reader.decodeLoading(written(toAvsc(schema('int')), 4, { at: 12 }))).toEqual({ at: 12 })
    expect(await reader.decodeLoading(written(toAvsc(schema('long')), 3, { at: null }))).toEqual({ at: null })
  })

  test('traits keep their types through a schema with the branches in another order', async () => {
    const profiles = new AvroCodec<Profile>(profileSchema, schemas)
    const { fields, ...rest } = toAvsc(profileSchema) as { fields: { name: string }[] }
    const writer = {
      ...rest,
      fields: fields.map((field) =>
        field.name === 'traits'
          ? { ...field, type: { type: 'map', values: ['string', 'double', 'boolean', 'null'] } }
          : field,
      ),
    }
    schemas.add(5, writer)
    const profile: Profile = {
      eventId: 'e',
      tenantId: 't',
      customerId: 'c',
      occurredAt: 1,
      traits: { seats: 2.5, plan: 'pro', trial: false, gone: null },
    }
    expect(await profiles.decodeLoading(written(writer, 5, profile))).toEqual(profile)
  })

  test('a schema of ours that broke its promises is refused, and asked for once', async () => {
    const writer = evolved({ eventId: { type: 'long' } })
    schemas.add(6, writer)
    const bytes = written(writer, 6, { ...purchase, eventId: 7 })
    for (let i = 0; i < 3; i++) {
      await expect(codec.decodeLoading(bytes)).rejects.toMatchObject({
        code: 'SCHEMA_INCOMPATIBLE',
        details: { schemaId: 6 },
      })
    }
    now += 10_000_000
    await expect(codec.decodeLoading(bytes)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
    expect(schemas.asked).toEqual([6])
  })

  test('a schema that can not be parsed is refused, and asked for once', async () => {
    schemas.add(8, evolved({ orderId: { type: 'string', default: null } }))
    for (let i = 0; i < 3; i++) {
      await expect(codec.decodeLoading(Buffer.from([0, 0, 0, 0, 8, 0]))).rejects.toMatchObject({
        code: 'SCHEMA_INCOMPATIBLE',
        message: expect.stringContaining('parsed'),
      })
    }
    expect(schemas.asked).toEqual([8])
  })

  test.each([
    ['another event of ours', toAvsc(surveySchema)],
    ['a record of somebody else', { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'string' }] }],
    ['no record at all', { type: 'array', items: 'string' }],
  ])('%s is a bad record, not a broken schema: one stray record must not stop a topic', async (_name, writer) => {
    schemas.add(7, writer)
    const bytes = Buffer.from([0, 0, 0, 0, 7, 0])
    for (let i = 0; i < 3; i++) {
      await expect(codec.decodeLoading(bytes)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        details: { reason: 'SCHEMA_FOREIGN' },
      })
    }
    expect(schemas.asked).toEqual([7])
  })

  test('names are compared without their namespaces, as the registry does', async () => {
    const writer = { ...(evolved({}) as object), namespace: 'somebody.else' }
    schemas.add(9, writer)
    await expect(codec.decodeLoading(written(writer, 9, purchase))).resolves.toMatchObject({
      eventId: purchase.eventId,
    })
  })
})

describe('encoding', () => {
  test.each<[string, object]>([
    ['amountMinor', { amountMinor: '12' }],
    ['amountMinor', { amountMinor: 1.5 }],
    ['amountMinor', { amountMinor: undefined }],
    ['type', { type: 'GIFT' }],
    // Names that every object of JavaScript has.
    ['type', { type: 'constructor' }],
    ['type', { type: '__proto__' }],
    ['type', { type: ['PURCHASE'] }],
    ['type', { type: { toString: '' } }],
    ['amountMinor', { amountMinor: 12n }],
    ['properties.the note', { properties: { 'the note': circular } }],
    ['orderId', { orderId: 7 }],
    ['lines.0.quantity', { lines: [{ itemId: 'a', category: null, quantity: 2 ** 31, unitPriceMinor: 1 }] }],
    ['properties.the note', { properties: { 'the note': 1 } }],
    ['currency', { currency: null }],
  ])('names the field %s', (field, wrong) => {
    expect(() => codec.encode({ ...purchase, ...wrong } as Transaction)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', details: { field }, message: expect.stringContaining(field) }),
    )
  })

  test('refuses exactly what avsc finds invalid, whatever is put into whichever field', () => {
    const type = avroType(transactionSchema)
    const odd = fc.constantFrom(null, undefined, Number.NaN, 2 ** 31, 2 ** 60, '', 'PURCHASE', 'valueOf')
    const junk = fc.oneof(fc.anything({ withBigInt: true }), odd)
    const field = fc.constantFrom(...Object.keys(purchase))
    fc.assert(
      fc.property(field, junk, (name, value) => {
        const changed = { ...purchase, [name]: value } as Transaction
        // avsc itself takes any property of an object for a symbol.
        const isValid = name === 'type' ? value === 'PURCHASE' || value === 'REFUND' : type.isValid(changed)
        if (isValid) expect(codec.encode(changed).subarray(5)).toEqual(type.toBuffer(changed))
        else expect(() => codec.encode(changed)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
      }),
      { numRuns: 2_000 },
    )
  })

  test('records of any length are encoded', () => {
    for (const length of [0, 900, 1_000, 1_010, 1_024, 5_000, 100_000]) {
      const long = { ...purchase, properties: { note: 'x'.repeat(length) } }
      expect(codec.decode(codec.encode(long))).toEqual(long)
    }
  })

  test('needs the id that the registry gave', () => {
    const unregistered = new AvroCodec<Transaction>(transactionSchema, schemas)
    expect(() => unregistered.encode(purchase)).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
    expect(() => unregistered.encodeInto(purchase, Buffer.alloc(1_000), 0)).toThrow(/no schema id/)
  })

  test('whatever was encoded decodes to the same', () => {
    const interactions = new AvroCodec<object>(interactionSchema, schemas).useId(3)
    const anyInteraction = fc.record({
      eventId: fc.string({ unit: 'grapheme' }),
      tenantId: fc.string(),
      customerId: fc.string({ unit: 'grapheme' }),
      type: fc.string(),
      // Below, avsc reads odd numbers wrongly; above, it refuses to write them.
      occurredAt: fc.integer({ min: -(2 ** 52), max: 2 ** 53 - 2 }),
      channel: fc.option(fc.string()),
      itemId: fc.option(fc.string({ unit: 'grapheme' })),
      durationMs: fc.option(fc.integer()),
      properties: fc.dictionary(
        fc.string().filter((name) => name !== '__proto__'),
        fc.string({ unit: 'grapheme' }),
        { noNullPrototype: true },
      ),
    })
    fc.assert(
      fc.property(anyInteraction, (event) => {
        expect(interactions.decode(interactions.encode(event))).toEqual(event)
      }),
    )
  })
})
