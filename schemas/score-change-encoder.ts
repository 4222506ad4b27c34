import type { ScoreChange } from './avro/score-change.ts'
import { AvroWriter } from './avro-writer.ts'
import { writeReasons } from './reasons-encoder.ts'

const writer = new AvroWriter()

/**
 * The Avro encoding of a `score-changes` record, byte for byte what avsc writes for scoreChangeSchema (a test holds the
 * two together): while a population settles there are nearly as many of them as events.
 * @returns the end, or a negative number when it doesn't fit
 */
export function encodeScoreChange(change: ScoreChange, into: Buffer, at: number): number {
  writer.begin(into, at)
  writer.string(change.changeId)
  writer.string(change.tenantId)
  writer.string(change.customerId)
  writer.word(change.kind)
  writer.long(change.from === null ? 0 : 1)
  if (change.from !== null) writer.word(change.from)
  writer.word(change.to)
  writer.long(change.fromValue === null ? 0 : 1)
  if (change.fromValue !== null) writer.double(change.fromValue)
  writer.double(change.toValue)
  writeReasons(writer, change.reasons)
  writer.string(change.eventId)
  writer.word(change.cause)
  writer.long(change.occurredAt)
  writer.word(change.modelVersion)
  return writer.overflowed ? into.length - writer.at : writer.at
}
