import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AvroSchema } from '../../schemas/avro.ts'
import { toAvsc } from '../../schemas/avsc.ts'
import { timeReaderOf } from '../../schemas/event-time.ts'
import { INPUT_TOPICS, TOPICS } from '../../schemas/topics.ts'

const typeOf = (schema: unknown) => avro.Type.forSchema(schema as avro.Schema)
const record = (fields: object[]) => typeOf({ type: 'record', name: 'Event', fields })
const PADDING = 7

/** What the reader says of the bytes as a part of larger ones, from there to the end of the record. */
function read(type: ReturnType<typeof typeOf>, bytes: Buffer, length = bytes.length): number {
  const around = Buffer.concat([Buffer.alloc(PADDING, 0xff), bytes, Buffer.alloc(PADDING, 0xff)])
  return timeReaderOf(type)!(around, PADDING, PADDING + length)
}

describe.each(INPUT_TOPICS)('events of %s', (topic) => {
  const type = typeOf(toAvsc(TOPICS[topic].schema as AvroSchema))

  test('their time is what decoding them gives', () => {
    const times = fc.oneof(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), fc.integer({ min: 0, max: 2e12 }))
    fc.assert(
      fc.property(times, fc.string({ unit: 'grapheme' }), fc.nat(1_000), (occurredAt, id, seed) => {
        const event = { ...(type.random() as object), eventId: id, customerId: `c${seed}`, occurredAt }
        const bytes = type.toBuffer(event)
        expect(read(type, bytes)).toBe((type.fromBuffer(bytes) as { occurredAt: number }).occurredAt)
      }),
    )
  })

  test('bytes that end before it have none', () => {
    const event = { ...(type.random() as object), occurredAt: 1_700_000_000_000 }
    const bytes = type.toBuffer(event)
    for (let length = 0; length < bytes.length; length++) {
      const time = read(type, bytes, length)
      if (!Number.isNaN(time)) expect(time).toBe(1_700_000_000_000)
    }
    expect(read(type, bytes, 0)).toBeNaN()
  })
})

test('every simple type before it is stepped over', () => {
  const names = ['int', 'long', 'string', 'bytes', 'boolean', 'float', 'double']
  const all = [
    ...names.map((type) => ({ name: `a_${type}`, type })),
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'rest', type: { type: 'map', values: 'string' } },
  ]
  const type = record(all)
  for (let i = 0; i < 100; i++) {
    const event = type.random() as unknown as { occurredAt: number }
    expect(read(type, type.toBuffer(event))).toBe(event.occurredAt)
  }
})

test('damaged lengths lead nowhere', () => {
  const type = record([
    { name: 'id', type: 'string' },
    { name: 'occurredAt', type: 'long' },
  ])
  expect(read(type, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2]))).toBeNaN()
  expect(read(type, Buffer.alloc(12, 0xff))).toBeNaN()
})

test('schemas of which it can not be said have no reader', () => {
  const time = { name: 'occurredAt', type: 'long' }
  expect(timeReaderOf(record([{ name: 'id', type: 'string' }]))).toBeNull()
  expect(timeReaderOf(record([{ name: 'occurredAt', type: 'string' }]))).toBeNull()
  expect(timeReaderOf(record([{ name: 'tags', type: { type: 'array', items: 'string' } }, time]))).toBeNull()
  expect(timeReaderOf(record([{ name: 'channel', type: ['null', 'string'] }, time]))).toBeNull()
  expect(timeReaderOf(typeOf('long'))).toBeNull()
})
