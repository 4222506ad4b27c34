import fc from 'fast-check'
import { encodeHeader } from '../../../connectors/kafka/record-batch-builder.ts'
import type { TruthRecord } from './kafkajs-batch.ts'

const anyBytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes))

// Integer-like names would be moved to the front of the object that kafkajs takes them in.
const anyName = fc.string({ minLength: 1, maxLength: 30 }).filter((name) => !/^\d+$/.test(name) && name !== '__proto__')

const anyRecord: fc.Arbitrary<TruthRecord> = fc.record({
  // Up to the year 2255: also deltas of more than 32 bits, negative ones among them.
  timestamp: fc.oneof(fc.nat(9_000_000_000_000), fc.constantFrom(0, 1, 1_700_000_000_000)),
  key: fc.option(anyBytes(40)),
  value: fc.option(anyBytes(400)),
  headers: fc.dictionary(anyName, fc.string({ unit: 'grapheme', maxLength: 40 }), { maxKeys: 4 }),
})

export const anyRecords: fc.Arbitrary<TruthRecord[]> = fc.array(anyRecord, { minLength: 1, maxLength: 20 })

export function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)))
}
