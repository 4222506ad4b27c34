import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scoreChangeSchema } from '../../schemas/avro/score-change.ts'
import { avroType } from '../../schemas/avro-type.ts'
import { encodeScoreChange } from '../../schemas/score-change-encoder.ts'
import { anyScoreChange } from './any-score-change.ts'

const type = avroType(scoreChangeSchema)

test('writes, at any position, the bytes that avsc writes', () => {
  const into = Buffer.alloc(8_192)
  fc.assert(
    fc.property(anyScoreChange, fc.nat(100), (value, at) => {
      const end = encodeScoreChange(value, into, at)
      expect(into.subarray(at, end).toString('hex')).toBe(type.toBuffer(value).toString('hex'))
    }),
    { numRuns: 500 },
  )
})

test('answers a negative number whenever the record does not fit', () => {
  const into = Buffer.alloc(8_192)
  fc.assert(
    fc.property(anyScoreChange, fc.double({ min: 0, max: 1, noNaN: true }), (value, share) => {
      const size = type.toBuffer(value).length
      const room = Math.floor(share * (size - 1))
      expect(encodeScoreChange(value, into.subarray(0, room), 0)).toBeLessThan(0)
      expect(encodeScoreChange(value, into.subarray(0, size), 0)).toBe(size)
    }),
  )
})
