import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecordBatchBuilder } from '../../connectors/kafka/record-batch-builder.ts'
import { readRecordBatches } from '../../connectors/kafka/record-batch-reader.ts'
import { CUSTOMER_HEADERS, ORIGIN_HEADERS, ResultHeaders } from '../../runtime/record-headers.ts'
import { INPUT_TOPICS } from '../../schemas/topics.ts'

const headers = new ResultHeaders(7)
const into = Buffer.alloc(4_096)

function readBack(end: number, count: number): [string, string][] {
  const builder = new RecordBatchBuilder(64)
  builder.add(0, null, null, into.subarray(3, end), count)
  const [record] = readRecordBatches(builder.finish(), 0, []).records
  return [...record!.headers()].map(([name, value]) => [name, value.toString()])
}

test('a reader finds each header as it was given, whatever the numbers and the event id', () => {
  const anyTime = fc.oneof(fc.nat(10), fc.nat(2 ** 40), fc.constantFrom(999_999_999, 1_000_000_000, 2 ** 31, 1e15))
  fc.assert(
    fc.property(
      fc.record({
        topic: fc.constantFrom(...INPUT_TOPICS),
        offset: fc.oneof(anyTime, fc.maxSafeNat()),
        eventId: fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 15, maxLength: 90 }), fc.uuid()),
        ingestedAt: anyTime,
      }),
      ({ topic, offset, eventId, ingestedAt }) => {
        const end = headers.write(into, 3, topic, { offset, timestamp: ingestedAt }, eventId)
        const origin = [
          ['topic', topic],
          ['partition', '7'],
          ['offset', String(offset)],
        ]
        expect(readBack(headers.originEnd, ORIGIN_HEADERS)).toEqual(origin)
        expect(readBack(end, CUSTOMER_HEADERS)).toEqual([
          ...origin,
          ['ingestedAt', String(ingestedAt)],
          ['eventId', eventId],
        ])
      },
    ),
    { numRuns: 2_000 },
  )
})

test('what has no room is said to end behind the buffer, and nothing is written there', () => {
  const small = Buffer.alloc(100, 0xee)
  expect(headers.write(small, 40, 'surveys', { offset: 1, timestamp: 2 }, 'e-1')).toBeGreaterThan(small.length)
})
