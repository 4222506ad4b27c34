import fc from 'fast-check'
import { expect, test } from 'vitest'
import { VarintReader, varintSize, writeVarint } from '../../schemas/varint.ts'

/** Zigzag and base 128 in BigInt, straight from the definition. */
function slowVarint(value: number): number[] {
  let rest = value < 0 ? -BigInt(value) * 2n - 1n : BigInt(value) * 2n
  const bytes: number[] = []
  while (rest >= 0x80n) {
    bytes.push(Number(rest % 0x80n) | 0x80)
    rest /= 0x80n
  }
  return [...bytes, Number(rest)]
}

const EDGES = [0, 1, 6, 13, 20, 27, 28, 29, 30, 31, 32, 34, 35, 41, 52].flatMap((bit) =>
  [-1, 0, 1].flatMap((by) => [2 ** bit + by, -(2 ** bit) + by]),
)
const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(...EDGES, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
)
// 2 x + 1 must be exact as well, which is what a delta of two timestamps always is.
const halved = safe.map((value) => Math.trunc(value / 2))

test('a varint is what zigzag and base 128 make of it, and its size is known before', () => {
  fc.assert(
    fc.property(halved, fc.nat(5), (value, at) => {
      const into = new Uint8Array(20)
      const end = writeVarint(into, at, value)
      expect([...into.subarray(at, end)]).toEqual(slowVarint(value))
      expect(varintSize(value)).toBe(end - at)
    }),
    { numRuns: 2_000 },
  )
})

test('varints are read back one after another', () => {
  fc.assert(
    fc.property(fc.array(halved), (values) => {
      const reader = new VarintReader(Uint8Array.from(values.flatMap(slowVarint)), 0)
      expect(values.map(() => reader.next())).toEqual(values.map((value) => value + 0))
      expect(reader.at).toBe(reader.bytes.length)
    }),
    { numRuns: 1_000 },
  )
})
