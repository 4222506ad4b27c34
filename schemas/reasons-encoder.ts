import type { Reason } from './avro/reason.ts'
import type { AvroWriter } from './avro-writer.ts'

/** An Avro array: one block of all items, then the empty block. */
export function writeReasons(writer: AvroWriter, items: readonly Reason[]): void {
  if (items.length > 0) {
    writer.long(items.length)
    for (const { feature, value, contribution } of items) {
      writer.word(feature)
      writer.double(value)
      writer.double(contribution)
    }
  }
  writer.long(0)
}
