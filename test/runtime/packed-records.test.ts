import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConsumedRecord } from '../../connectors/kafka/record-batch-reader.ts'
import { PackedRecords } from '../../runtime/packed-records.ts'

const BUFFERS = [Buffer.from('first'), Buffer.from('second'), Buffer.from('third')]

const anyRecord = fc
  .tuple(
    fc.maxSafeNat(),
    fc.maxSafeInteger(),
    fc.constantFrom(...BUFFERS),
    fc.nat(2 ** 31 - 1),
    fc.integer({ min: -1, max: 2 ** 31 - 1 }),
    fc.nat(2 ** 31 - 1),
    fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  )
  .map((parts) => new ConsumedRecord(...parts))

test('each record comes out as it went in', () => {
  fc.assert(
    fc.property(fc.array(anyRecord), (records) => {
      const packed = new PackedRecords(records)
      expect(packed.length).toBe(records.length)
      for (const [i, record] of records.entries()) {
        expect(packed.at(i)).toEqual(record)
        expect(packed.at(i).bytes).toBe(record.bytes)
      }
    }),
  )
})
