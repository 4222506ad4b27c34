import fc from 'fast-check'
import { expect, test } from 'vitest'
import { avroType } from '../../schemas/avro-type.ts'
import { textFrom } from '../../schemas/short-texts.ts'

/** Few letters, so that texts come again and begin alike; any text besides. */
const texts = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'é', '😀'), maxLength: 18 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

test('the text is that of the bytes, wherever they stand and whatever was read before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(texts, fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 40 }), (many) => {
      for (const [text, before, after] of [...many, ...many]) {
        const own = Buffer.from(text)
        const bytes = Buffer.concat([Buffer.alloc(before, 0x61), own, Buffer.alloc(after, 0x61)])
        expect(textFrom(bytes, before, own.length)).toBe(own.toString())
      }
    }),
    { numRuns: 500 },
  )
})

test('bytes that are no UTF-8 read as Buffer reads them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 16 }), (given) => {
      const bytes = Buffer.concat([given, Buffer.alloc(16)])
      for (let i = 0; i < 5; i++) expect(textFrom(bytes, 0, given.length)).toBe(Buffer.from(given).toString())
    }),
  )
})

test('strings of Avro are read whole, and truncated ones are refused', () => {
  const type = avroType('string')
  fc.assert(
    fc.property(texts, (text) => {
      const bytes = type.toBuffer(text)
      expect(type.fromBuffer(bytes)).toBe(Buffer.from(text).toString())
      for (const end of [0, bytes.length - 1]) expect(() => type.fromBuffer(bytes.subarray(0, end))).toThrow()
    }),
  )
})
