import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { RecordBatchBuilder } from '../../connectors/kafka/record-batch-builder.ts'
import { readRecordBatches } from '../../connectors/kafka/record-batch-reader.ts'
import { encodeDeadLetter, MAX_DEAD_LETTER_BYTES, MAX_DEAD_LETTER_KEY_BYTES } from '../../runtime/dead-letter.ts'
import { consumed } from './build-records.ts'

const letter = { stage: 'decode', reason: 'TRUNCATED', error: 'truncated Avro' }

function headersOf(encoded: ReturnType<typeof encodeDeadLetter>): Record<string, string> {
  const builder = new RecordBatchBuilder()
  builder.add(0, null, encoded.value, encoded.headers.bytes, encoded.headers.count)
  const [record] = readRecordBatches(builder.finish(), 0, []).records
  return Object.fromEntries([...record!.headers()].map(([name, value]) => [name, value.toString()]))
}

test('holds the record’s own bytes, where it stood and why it was refused', () => {
  const value = Buffer.from([0, 1, 2, 255])
  const encoded = encodeDeadLetter('surveys', 4, consumed({ offset: 77, value, timestamp: 1_234 }), letter)
  expect(encoded.value).toEqual(value)
  expect(headersOf(encoded)).toEqual({
    topic: 'surveys',
    partition: '4',
    offset: '77',
    ingestedAt: '1234',
    stage: 'decode',
    reason: 'TRUNCATED',
    error: 'truncated Avro',
  })
})

test('a null value stays null', () => {
  expect(encodeDeadLetter('surveys', 0, consumed({ value: null }), letter).value).toBeNull()
})

test('a value that would not fit is cut, with the length and the hash of the whole', () => {
  const value = Buffer.alloc(MAX_DEAD_LETTER_BYTES + 1, 'x')
  const encoded = encodeDeadLetter('profiles', 0, consumed({ value }), letter)
  expect(encoded.value?.equals(value.subarray(0, MAX_DEAD_LETTER_BYTES))).toBe(true)
  expect(headersOf(encoded)).toMatchObject({
    length: String(value.length),
    sha256: createHash('sha256').update(value).digest('hex'),
  })
})

test('so is a key', () => {
  const key = Buffer.alloc(MAX_DEAD_LETTER_KEY_BYTES + 1, 'k')
  const encoded = encodeDeadLetter('profiles', 0, consumed({ key }), letter)
  expect(encoded.key?.equals(key.subarray(0, MAX_DEAD_LETTER_KEY_BYTES))).toBe(true)
  expect(headersOf(encoded)).toMatchObject({
    keyLength: String(key.length),
    keySha256: createHash('sha256').update(key).digest('hex'),
  })
})

test('a value that just fits is whole', () => {
  const value = Buffer.alloc(MAX_DEAD_LETTER_BYTES, 'x')
  const encoded = encodeDeadLetter('profiles', 0, consumed({ value }), letter)
  expect(encoded.value?.equals(value)).toBe(true)
  expect(headersOf(encoded)).not.toHaveProperty('sha256')
})

test('an error text is cut: a header may not be as large as the record', () => {
  const encoded = encodeDeadLetter('profiles', 0, consumed({}), { ...letter, error: 'é'.repeat(5_000) })
  expect(headersOf(encoded)['error']).toBe('é'.repeat(1_000))
})
