import { RecordBatchBuilder } from './record-batch-builder.ts'

/**
 * A batch is closed at this size. A broker puts a whole request into one piece of its heap, and pieces of half a region
 * (1 MiB at a heap of up to 2 GiB) and more are costly to it; the topics take 8 MiB, which is room for any one record.
 */
const CLOSE_BYTES = 384 * 1024

/** The records of one partition and transaction, as record batches one after another; their buffers are used again. */
export class RecordBatches {
  readonly #builders: RecordBatchBuilder[] = [new RecordBatchBuilder()]
  #open = 0

  get count(): number {
    return this.batches.reduce((sum, batch) => sum + batch.count, 0)
  }

  /** In the order in which they must be sent; none when there are no records. */
  get batches(): readonly RecordBatchBuilder[] {
    return this.#builders.slice(0, this.#open + 1).filter((batch) => batch.count > 0)
  }

  reset(): void {
    for (const builder of this.#builders) builder.reset()
    this.#open = 0
  }

  /** The batch that takes the next record. */
  get next(): RecordBatchBuilder {
    const open = this.#builders[this.#open]!
    if (open.bytes < CLOSE_BYTES) return open
    this.#open++
    this.#builders[this.#open] ??= new RecordBatchBuilder()
    return this.#builders[this.#open]!
  }
}
