import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeHeader, RecordBatchBuilder } from '../../../connectors/kafka/record-batch-builder.ts'
import { readRecordBatches } from '../../../connectors/kafka/record-batch-reader.ts'
import { anyRecords, encodeHeaders } from './any-records.ts'
import { crc32C, kafkajsBatch, kafkajsDecode } from './kafkajs-batch.ts'

test('a batch is byte for byte what kafkajs writes, whatever the keys, values, headers and timestamps', async () => {
  const builder = new RecordBatchBuilder(64)
  await fc.assert(
    fc.asyncProperty(anyRecords, fc.boolean(), async (records, transactional) => {
      builder.reset()
      for (const { timestamp, key, value, headers } of records) {
        builder.add(timestamp, key, value, encodeHeaders(headers), Object.keys(headers).length)
      }
      const ours = builder.finish({ producerId: 7n, producerEpoch: 3, baseSequence: 11, transactional })
      const theirs = await kafkajsBatch({ records, transactional, producerId: 7, producerEpoch: 3, firstSequence: 11 })
      // The leader's epoch is the broker's to write, and no part of the checksum.
      theirs.writeInt32BE(-1, 12)
      expect(ours.equals(theirs)).toBe(true)
      expect(builder.count).toBe(records.length)
      expect(builder.bytes).toBe(ours.length)
    }),
    { numRuns: 300 },
  )
})

test('kafkajs reads what a batch without a producer holds', async () => {
  const builder = new RecordBatchBuilder()
  const headers = Buffer.concat([encodeHeader('topic', 'interactions'), encodeHeader('raw', Buffer.from([0, 255]))])
  builder.add(2_000, Buffer.from('k'), Buffer.from('v'), headers, 2)
  builder.add(1_000, null, null, Buffer.alloc(0), 0)
  const batch = builder.finish()
  expect(batch.readUInt32BE(17)).toBe(crc32C(batch.subarray(21)) >>> 0)
  const [first, second] = await kafkajsDecode(batch)
  expect(first).toMatchObject({
    offset: '0',
    timestamp: '2000',
    key: Buffer.from('k'),
    value: Buffer.from('v'),
    headers: { topic: Buffer.from('interactions'), raw: Buffer.from([0, 255]) },
    batchContext: { producerId: '-1', inTransaction: false, maxTimestamp: '2000', lastOffsetDelta: 1 },
  })
  expect(second).toMatchObject({ offset: '1', timestamp: '1000', key: null, value: null, headers: {} })
})

test('a builder that was reset keeps nothing of the batch before', () => {
  const fresh = new RecordBatchBuilder()
  const used = new RecordBatchBuilder(64)
  used.add(9_999_999, Buffer.alloc(5_000, 1), Buffer.alloc(100_000, 2), Buffer.alloc(0), 0)
  used.finish()
  used.reset()
  for (const builder of [fresh, used]) builder.add(5, Buffer.from('k'), null, Buffer.alloc(0), 0)
  expect(used.finish().equals(fresh.finish())).toBe(true)
})

test.each(['lz4', 'zstd'] as const)(
  'a batch compressed with %s is read as the one that is not',
  async (compression) => {
    const builder = new RecordBatchBuilder(64)
    let shrunk = 0
    await fc.assert(
      fc.asyncProperty(anyRecords, fc.nat(500), async (records, repeats) => {
        builder.reset()
        for (const { timestamp, key, value, headers } of records) {
          builder.add(timestamp, key, value, encodeHeaders(headers), Object.keys(headers).length)
        }
        builder.add(7, null, Buffer.alloc(4 * repeats, 'nps '), Buffer.alloc(0), 0)
        const stamp = { producerId: 7n, producerEpoch: 3, baseSequence: 11, transactional: true }
        const plain = Buffer.from(builder.finish(stamp))
        const packed = builder.finish(stamp, compression)
        expect(packed.readUInt32BE(17)).toBe(crc32C(packed.subarray(21)) >>> 0)
        expect(packed.readInt32BE(8)).toBe(packed.length - 12)
        if (packed.length < plain.length) shrunk++
        expect(textsOf(packed)).toEqual(textsOf(plain))
        expect(packed.length).toBeLessThanOrEqual(plain.length)
        // What was compressed is gone; what wasn't worth it stands as it was.
        if (packed.length < plain.length) expect(() => builder.finish(stamp)).toThrow(/finished again/)
        else expect(builder.finish(stamp).equals(plain)).toBe(true)
      }),
      { numRuns: 200 },
    )
    expect(shrunk).toBeGreaterThan(50)
  },
)

function textsOf(batch: Buffer): string[] {
  return readRecordBatches(batch, 0, []).records.map(
    ({ offset, timestamp, key, value }) => `${offset} ${timestamp} ${key?.toString('hex')} ${value?.toString('hex')}`,
  )
}
