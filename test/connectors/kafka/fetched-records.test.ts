import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FetchedRecords, sizeOf } from '../../../connectors/kafka/fetched-records.ts'
import { RecordBatchBuilder } from '../../../connectors/kafka/record-batch-builder.ts'
import { findRecords } from '../../../connectors/kafka/record-batch-reader.ts'
import { atOffset } from './batch-bytes.ts'

const batches = fc.array(
  fc.array(fc.record({ key: fc.option(fc.string()), value: fc.option(fc.string()), time: fc.nat(100) }), {
    minLength: 1,
    maxLength: 5,
  }),
  { maxLength: 5 },
)

test('one after another, the records from the offset on come out as they were written, and are counted beforehand', () => {
  fc.assert(
    fc.property(batches, fc.nat(12), (written, from) => {
      const rows = written.flat().map((row, offset) => ({ ...row, offset }))
      let offset = 0
      const bytes = written.map((rowsOfBatch) => {
        const builder = new RecordBatchBuilder(64)
        for (const { key, value, time } of rowsOfBatch) {
          const buffer = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text))
          builder.add(time, buffer(key), buffer(value), Buffer.alloc(0), 0)
        }
        const batch = atOffset(builder.finish(), offset)
        offset += rowsOfBatch.length
        return batch
      })
      const { records } = findRecords(Buffer.concat(bytes), from, [])
      const wanted = rows.filter((row) => row.offset >= from)
      const size = wanted.reduce(
        (sum, { key, value }) =>
          sum + sizeOf({ keyLength: Buffer.byteLength(key ?? ''), valueLength: Buffer.byteLength(value ?? '') }),
        0,
      )
      expect([records.left, records.bytes]).toEqual([wanted.length, size])
      for (const [i, row] of wanted.entries()) {
        const record = records.next()
        expect(records.left).toBe(wanted.length - i - 1)
        expect([
          record.offset,
          record.timestamp,
          record.key?.toString() ?? null,
          record.value?.toString() ?? null,
        ]).toEqual([row.offset, row.time, row.key, row.value])
      }
    }),
  )
})

test('of no runs there is nothing', () => {
  const records = new FetchedRecords([], 0)
  expect([records.left, records.bytes, [...records]]).toEqual([0, 0, []])
})
