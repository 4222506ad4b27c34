import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import lz4 from 'lz4-napi'
import snappy from 'snappyjs'
import { describe, expect, test } from 'vitest'
import type { ConsumedRecord } from '../../../connectors/kafka/consumed-record.ts'
import { readRecordBatches } from '../../../connectors/kafka/record-batch-reader.ts'
import { anyRecords } from './any-records.ts'
import { appendedAt, atOffset, compressed, controlBatch } from './batch-bytes.ts'
import { kafkajsBatch, type TruthRecord } from './kafkajs-batch.ts'

const record = (text: string, timestamp = 1_000): TruthRecord => ({
  timestamp,
  key: Buffer.from(`key of ${text}`),
  value: Buffer.from(text),
  headers: {},
})

const texts = (records: readonly ConsumedRecord[]): string[] => records.map(({ value }) => String(value))

/** Blocks as snappy-java's stream writes them. */
function xerial(data: Buffer, blockBytes: number): Buffer {
  const parts = [Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])]
  for (let at = 0; at < data.length; at += blockBytes) {
    const block = Buffer.from(snappy.compress(data.subarray(at, at + blockBytes)))
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

test('reads what kafkajs writes: offsets, timestamps, keys, values and headers', async () => {
  await fc.assert(
    fc.asyncProperty(anyRecords, fc.nat(2 ** 40), async (written, firstOffset) => {
      const batch = await kafkajsBatch({ records: written, firstOffset })
      const { records, nextOffset } = readRecordBatches(batch, firstOffset, [])
      expect(nextOffset).toBe(firstOffset + written.length)
      expect(
        records.map((each) => ({
          offset: each.offset,
          timestamp: each.timestamp,
          key: each.key,
          value: each.value,
          headers: [...each.headers()].map(([name, value]) => [name, value.toString()]),
        })),
      ).toEqual(
        written.map(({ timestamp, key, value, headers }, i) => ({
          offset: firstOffset + i,
          timestamp,
          key,
          value,
          headers: Object.entries(headers),
        })),
      )
    }),
    { numRuns: 300 },
  )
})

describe('compression', () => {
  const written = Array.from({ length: 200 }, (_, i) => record(`value ${i} ${'x'.repeat(i)}`))
  const codecs: [string, number, (data: Buffer) => Buffer][] = [
    ['gzip', 1, (data) => gzipSync(data)],
    ['snappy', 2, (data) => Buffer.from(snappy.compress(data))],
    ['snappy in the blocks of snappy-java', 2, (data) => xerial(data, 1_000)],
    ['lz4', 3, (data) => lz4.compressFrameSync(data)],
    ['zstd', 4, (data) => zstdCompressSync(data)],
  ]
  test.each(codecs)('%s is undone', async (_name, codec, compress) => {
    const batch = compressed(await kafkajsBatch({ records: written, firstOffset: 5 }), codec, compress)
    const { records, nextOffset } = readRecordBatches(batch, 5, [])
    expect(texts(records)).toEqual(written.map(({ value }) => String(value)))
    expect(records.map(({ offset }) => offset)).toEqual(written.map((_each, i) => 5 + i))
    expect(nextOffset).toBe(205)
  })

  test('gzip as kafkajs writes it', async () => {
    const { records } = readRecordBatches(await kafkajsBatch({ records: written, compression: 1 }), 0, [])
    expect(texts(records)).toEqual(written.map(({ value }) => String(value)))
  })

  test('a codec that nobody knows is named', async () => {
    const batch = compressed(await kafkajsBatch({ records: written }), 6, (data) => data)
    expect(() => readRecordBatches(batch, 0, [])).toThrow(/unknown compression 6/)
  })

  const refused = expect.objectContaining({ code: 'KAFKA_REFUSED', retryable: false })

  test.each(codecs)(
    '%s bytes that are damaged are refused, and never tried again by themselves',
    async (_name, codec) => {
      const batch = compressed(await kafkajsBatch({ records: written }), codec, () =>
        Buffer.from('\xff not compressed'),
      )
      expect(() => readRecordBatches(batch, 0, [])).toThrow(refused)
    },
  )

  test.each([
    ['gzip', 1, gzipSync],
    ['zstd', 4, zstdCompressSync],
  ] as const)(
    '%s that holds far more than any batch is refused instead of taking all memory',
    async (_name, codec, compress) => {
      const zeros = Buffer.alloc(129 * 1024 * 1024)
      const batch = compressed(await kafkajsBatch({ records: written }), codec, () => Buffer.from(compress(zeros)))
      expect(batch.length).toBeLessThan(1024 * 1024)
      expect(() => readRecordBatches(batch, 0, [])).toThrow(refused)
    },
  )
})

describe('what a read_committed consumer sees', () => {
  const data = async (firstOffset: number, producerId: number, ...names: string[]): Promise<Buffer> =>
    await kafkajsBatch({ records: names.map((name) => record(name)), firstOffset, producerId, transactional: true })

  test('control records are skipped, and the position moves past them', async () => {
    const bytes = Buffer.concat([await data(0, 1, 'a', 'b'), controlBatch(2, 1, 'commit')])
    const { records, nextOffset } = readRecordBatches(bytes, 0, [])
    expect(texts(records)).toEqual(['a', 'b'])
    expect(nextOffset).toBe(3)
  })

  test('an answer of nothing but a marker moves the position', () => {
    expect(readRecordBatches(controlBatch(7, 1, 'abort'), 7, [])).toEqual({ records: [], nextOffset: 8 })
  })

  test('records of aborted transactions are left out, those of others and of later ones are not', async () => {
    const bytes = Buffer.concat([
      await data(0, 1, 'kept: before'),
      controlBatch(1, 1, 'commit'),
      await data(2, 1, 'aborted'),
      await data(3, 2, 'kept: of another producer'),
      await data(4, 1, 'aborted too'),
      await kafkajsBatch({ records: [record('kept: no transaction')], firstOffset: 5 }),
      controlBatch(6, 1, 'abort'),
      await data(7, 1, 'kept: after'),
      controlBatch(8, 2, 'commit'),
      controlBatch(9, 1, 'commit'),
    ])
    const { records, nextOffset } = readRecordBatches(bytes, 0, [{ producerId: 1n, firstOffset: 2 }])
    expect(texts(records)).toEqual(['kept: before', 'kept: of another producer', 'kept: no transaction', 'kept: after'])
    expect(nextOffset).toBe(10)
  })

  test('transactions aborted one after another, in an answer that lists them out of order', async () => {
    const bytes = Buffer.concat([
      await data(0, 1, 'aborted 1'),
      controlBatch(1, 1, 'abort'),
      await data(2, 1, 'kept'),
      controlBatch(3, 1, 'commit'),
      await data(4, 1, 'aborted 2'),
      controlBatch(5, 1, 'abort'),
    ])
    const aborted = [4, 0].map((firstOffset) => ({ producerId: 1n, firstOffset }))
    expect(texts(readRecordBatches(bytes, 0, aborted).records)).toEqual(['kept'])
  })

  test('a fetch that begins inside an aborted transaction leaves the rest of it out', async () => {
    const bytes = Buffer.concat([await data(10, 1, 'a', 'b', 'c'), controlBatch(13, 1, 'abort')])
    const read = readRecordBatches(bytes, 12, [{ producerId: 1n, firstOffset: 3 }])
    expect(read).toEqual({ records: [], nextOffset: 14 })
  })
})

describe('the edges of an answer', () => {
  test('records below the fetch position are dropped: a batch always comes whole', async () => {
    const batch = await kafkajsBatch({ records: ['a', 'b', 'c'].map((text) => record(text)), firstOffset: 10 })
    const { records, nextOffset } = readRecordBatches(batch, 12, [])
    expect(texts(records)).toEqual(['c'])
    expect(nextOffset).toBe(13)
  })

  test('a batch below the fetch position moves nothing back', async () => {
    const batch = await kafkajsBatch({ records: [record('old')], firstOffset: 3 })
    expect(readRecordBatches(batch, 12, [])).toEqual({ records: [], nextOffset: 12 })
  })

  test('an incomplete batch at the end is left for the next fetch, wherever it was cut', async () => {
    const whole = await kafkajsBatch({ records: [record('whole')], firstOffset: 0 })
    const next = await kafkajsBatch({ records: [record('cut')], firstOffset: 1 })
    for (let cut = 0; cut < next.length; cut++) {
      const { records, nextOffset } = readRecordBatches(Buffer.concat([whole, next.subarray(0, cut)]), 0, [])
      expect(texts(records)).toEqual(['whole'])
      expect(nextOffset).toBe(1)
    }
  })

  test('compaction leaves gaps: offsets are those of the records, and the position follows the batch', async () => {
    const batch = await kafkajsBatch({ records: ['a', 'b'].map((text) => record(text)), firstOffset: 100 })
    // The last five records of the batch were removed.
    batch.writeInt32BE(6, 23)
    const { records, nextOffset } = readRecordBatches(batch, 0, [])
    expect(records.map(({ offset }) => offset)).toEqual([100, 101])
    expect(nextOffset).toBe(107)
  })

  test('a batch that compaction emptied only moves the position', async () => {
    const batch = (await kafkajsBatch({ records: [record('gone')], firstOffset: 100 })).subarray(0, 61)
    batch.writeInt32BE(61 - 12, 8)
    batch.writeInt32BE(0, 57)
    expect(readRecordBatches(batch, 0, [])).toEqual({ records: [], nextOffset: 101 })
  })

  test('a topic with LogAppendTime gives every record the time of its append', async () => {
    const batch = await kafkajsBatch({ records: [record('a', 5), record('b', 500_000)] })
    const { records } = readRecordBatches(appendedAt(batch, 1_700_000_000_123), 0, [])
    expect(records.map(({ timestamp }) => timestamp)).toEqual([1_700_000_000_123, 1_700_000_000_123])
  })

  test('nothing gives nothing', () => {
    expect(readRecordBatches(Buffer.alloc(0), 42, [])).toEqual({ records: [], nextOffset: 42 })
  })
})

test('a batch that the broker has moved reads the same', async () => {
  const batch = atOffset(await kafkajsBatch({ records: [record('a')] }), 2 ** 45)
  expect(readRecordBatches(batch, 2 ** 45, []).nextOffset).toBe(2 ** 45 + 1)
})
