import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CompactReader, CompactWriter } from '../../../connectors/kafka/compact-fields.ts'

test('lengths and texts are written as the protocol guide has them', () => {
  const written = new CompactWriter().text(null).text('').text('ab').length(-1).length(126).length(127).noTags().take()
  expect([...written]).toEqual([0, 1, 3, 0x61, 0x62, 0, 127, 0x80, 1, 0])
})

const field = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'binary', maxLength: 400 }) }),
  fc.record({ kind: fc.constant('int16' as const), value: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }) }),
  fc.record({ kind: fc.constant('int32' as const), value: fc.integer() }),
  fc.record({ kind: fc.constant('int64' as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
  fc.record({ kind: fc.constant('length' as const), value: fc.integer({ min: -1, max: 2 ** 31 - 2 }) }),
  fc.record({ kind: fc.constant('tags' as const), value: fc.constant(undefined) }),
)

test('fields are read as they were written, in however many pieces they were taken', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(field, fc.boolean())), (fields) => {
      const writer = new CompactWriter()
      const pieces: Buffer[] = []
      for (const [{ kind, value }, isLast] of fields) {
        if (kind === 'tags') writer.noTags()
        else (writer[kind] as (value: string | number | bigint) => CompactWriter)(value as string | number | bigint)
        if (isLast) pieces.push(writer.take())
      }
      pieces.push(writer.take())
      const bytes = Buffer.concat(pieces)
      const reader = new CompactReader(bytes)
      for (const [{ kind, value }] of fields) {
        // A lone surrogate has no bytes of its own.
        expect(reader[kind]()).toEqual(typeof value === 'string' ? Buffer.from(value).toString() : value)
      }
      expect(() => reader.varint()).toThrow(RangeError)
    }),
  )
})

test('a tagged field that is not known, or not read to its end, is skipped', () => {
  const unknown = [7, 3, 1, 2, 3]
  const known = [2, 3, 9, 9, 9]
  const reader = new CompactReader(Buffer.from([2, ...unknown, ...known, 42]))
  const seen: number[] = []
  reader.tags((tag) => {
    if (tag === 2) seen.push(reader.varint())
  })
  expect(seen).toEqual([9])
  expect(reader.varint()).toBe(42)
})

test.each<[string, number[], (reader: CompactReader) => unknown]>([
  ['a text', [5, 0x61], (reader) => reader.text()],
  ['an id', [1, 2, 3], (reader) => reader.hex(4)],
  ['a number', [1, 2, 3], (reader) => reader.int32()],
  ['a varint', [0x80], (reader) => reader.varint()],
  ['what is skipped', [1], (reader) => reader.skip(2)],
  ['a tagged field', [1, 0, 4, 9], (reader) => reader.tags()],
])('%s that ends early is refused', (_, bytes, read) => {
  expect(() => read(new CompactReader(Buffer.from(bytes)))).toThrow(RangeError)
})
