import type { TransactionOutput } from '../connectors/kafka/produce-outputs.ts'
import { RecordBatchBuilder } from '../connectors/kafka/record-batch-builder.ts'
import { PopulationMoves } from '../processors/population-moves.ts'
import type { PopulationDelta } from '../schemas/avro/population-delta.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import { partitionOf } from '../schemas/partition.ts'
import type { CachedCustomer } from './customer-cache.ts'
import type { StreamTimes } from './stream-time.ts'

const NO_HEADERS = Buffer.alloc(0)

export interface PopulationDeltasOptions {
  readonly topic: string
  /** Of the task. */
  readonly partition: number
  readonly partitions: number
  readonly codec: AvroCodec<PopulationDelta>
  readonly streamTimes: StreamTimes
}

/**
 * What one batch changes in the populations of its tenants: a record a tenant, in the partition of the key
 * `<tenantId>/population`, so that one aggregate task has all of a tenant. Its builders live as long as the session.
 */
export class PopulationDeltas {
  readonly #options: PopulationDeltasOptions
  readonly #batches = new Map<number, RecordBatchBuilder>()

  constructor(options: PopulationDeltasOptions) {
    this.#options = options
  }

  /** @param touched the customers of the batch, their drafts not yet committed */
  outputs(touched: readonly Pick<CachedCustomer, 'tenantId' | 'before' | 'draft'>[], now: number): TransactionOutput[] {
    const byTenant = new Map<string, PopulationMoves>()
    for (const { tenantId, before, draft } of touched) {
      if (
        (before?.place ?? null) === (draft?.place ?? null) &&
        (before?.standing ?? null) === (draft?.standing ?? null)
      )
        continue
      let moves = byTenant.get(tenantId)
      if (moves === undefined) {
        moves = new PopulationMoves()
        byTenant.set(tenantId, moves)
      }
      moves.add(before, draft)
    }
    for (const batch of this.#batches.values()) batch.reset()
    for (const [tenantId, moves] of byTenant) this.#write(tenantId, moves.all(), now)
    return [...this.#batches].flatMap(([partition, batch]) =>
      batch.count === 0 ? [] : [{ topic: this.#options.topic, partition, batches: [batch] }],
    )
  }

  #write(tenantId: string, moves: PopulationDelta['moves'], now: number): void {
    if (moves.length === 0) return
    const { partition: source, partitions, codec, streamTimes } = this.#options
    const key = Buffer.from(`${tenantId}/population`)
    const target = partitionOf(key, partitions)
    let batch = this.#batches.get(target)
    if (batch === undefined) {
      batch = new RecordBatchBuilder()
      this.#batches.set(target, batch)
    }
    batch.add(now, key, codec.encode({ tenantId, source, streamTime: streamTimes.of(tenantId), moves }), NO_HEADERS, 0)
  }
}
