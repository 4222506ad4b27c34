import { RecordBatchBuilder } from '../../../connectors/kafka/record-batch-builder.ts'

/** Records of one key with these values. */
export function batchOf(...texts: string[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder()
  for (const text of texts) builder.add(1_000, Buffer.from('key'), Buffer.from(text), Buffer.alloc(0), 0)
  return builder
}
