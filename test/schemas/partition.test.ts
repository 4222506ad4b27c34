import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { customerKey, murmur2, partitionOf } from '../../schemas/partition.ts'

const require = createRequire(import.meta.url)
const kafkajsMurmur2 = require('kafkajs/src/producer/partitioners/default/murmur2') as (key: Buffer) => number
const kafkajsPartitioner = require('kafkajs/src/producer/partitioners/default') as () => (message: {
  topic: string
  partitionMetadata: { partitionId: number; leader: number }[]
  message: { key: Buffer }
}) => number

// From UtilsTest of Apache Kafka's clients.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %s is that of the Java client', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash)
})

test('murmur2 agrees with that of kafkajs on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      // kafkajs leaves its result unsigned or wide in places; the low 32 bits are the hash.
      expect(murmur2(bytes)).toBe(kafkajsMurmur2(Buffer.from(bytes)) | 0)
    }),
    { numRuns: 2_000 },
  )
})

test('the partition of a customer is that of the Java-compatible partitioner', () => {
  const partitioner = kafkajsPartitioner()
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 1024 }), (customerId, partitions) => {
      const key = Buffer.from(customerKey('acme', customerId))
      const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({ partitionId, leader: 1 }))
      expect(partitionOf(key, partitions)).toBe(partitioner({ topic: 't', partitionMetadata, message: { key } }))
    }),
  )
})
