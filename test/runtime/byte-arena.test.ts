import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteArena } from '../../runtime/byte-arena.ts'

/** Writes as avsc does: all of it, or nothing but a negative answer. */
const writing =
  (bytes: Uint8Array) =>
  (into: Buffer, at: number): number => {
    if (at + bytes.length > into.length) return into.length - at - bytes.length
    into.set(bytes, at)
    return at + bytes.length
  }

test('values stay what they are while others are written and the arena grows', () => {
  const arena = new ByteArena(64)
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5_000 })), (values) => {
      arena.reset()
      const written = values.map((bytes) => arena.write(writing(bytes)))
      expect(written.map((bytes) => [...bytes])).toEqual(values.map((bytes) => [...bytes]))
    }),
  )
})

test('a writer that runs out of room with a RangeError is asked again with more', () => {
  const arena = new ByteArena(16)
  const value = arena.write((into, at) => into.writeDoubleLE(2.5, at + 100))
  expect(value.readDoubleLE(100)).toBe(2.5)
})

test('any other error is the writer’s own', () => {
  const arena = new ByteArena()
  const failing = (): number => {
    throw new TypeError('not a number')
  }
  expect(() => arena.write(failing)).toThrow('not a number')
  expect([...arena.write(writing(Uint8Array.of(1, 2)))]).toEqual([1, 2])
})

test('the room of a reset arena is used again', () => {
  const arena = new ByteArena(64)
  const first = arena.write(writing(Uint8Array.of(1)))
  arena.reset()
  const second = arena.write(writing(Uint8Array.of(2)))
  expect(second.buffer).toBe(first.buffer)
  expect(second.byteOffset).toBe(first.byteOffset)
})
