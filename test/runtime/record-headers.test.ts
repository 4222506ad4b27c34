import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecordBatchBuilder } from '../../connectors/kafka/record-batch-builder.ts'
import { readRecordBatches } from '../../connectors/kafka/record-batch-reader.ts'
import { ResultHeaders } from '../../runtime/record-headers.ts'
import { INPUT_TOPICS } from '../../schemas/topics.ts'

test('a reader finds each header as it was given, whatever the numbers and the event id', () => {
  const headers = new ResultHeaders(7)
  const builder = new RecordBatchBuilder(64)
  const anyTime = fc.oneof(fc.nat(10), fc.nat(2 ** 40), fc.constantFrom(999_999_999, 1_000_000_000, 2 ** 31, 1e15))
  fc.assert(
    fc.property(
      fc.record({
        topic: fc.constantFrom(...INPUT_TOPICS),
        cause: fc.constantFrom('event' as const, 'erasure' as const),
        offset: fc.oneof(anyTime, fc.maxSafeNat()),
        eventId: fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 15, maxLength: 90 }), fc.uuid()),
        ingestedAt: anyTime,
        scoredAt: anyTime,
      }),
      ({ topic, cause, offset, eventId, ingestedAt, scoredAt }) => {
        builder.reset()
        const { bytes, count } = headers.encode(topic, cause, offset, eventId, ingestedAt, scoredAt)
        builder.add(0, null, null, bytes, count)
        const [record] = readRecordBatches(builder.finish(), 0, []).records
        const read = [...record!.headers()].map(([name, value]) => [name, value.toString()])
        expect(Object.fromEntries(read)).toEqual({
          topic,
          partition: '7',
          cause,
          offset: String(offset),
          ingestedAt: String(ingestedAt),
          scoredAt: String(scoredAt),
          eventId,
        })
        expect(read).toHaveLength(count)
      },
    ),
    { numRuns: 2_000 },
  )
})
