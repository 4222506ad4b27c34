import type { TransactionOutput } from '../connectors/kafka/produce-outputs.ts'
import { RecordBatches } from '../connectors/kafka/record-batches.ts'
import { BasketChanges } from '../processors/basket-changes.ts'
import type { EventContext } from '../processors/event-context.ts'
import { NpsChanges } from '../processors/nps-changes.ts'
import type { BasketDelta } from '../schemas/avro/basket-delta.ts'
import type { NpsDelta } from '../schemas/avro/nps-delta.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import { NEVER } from '../schemas/customer-state.ts'
import { partitionOf } from '../schemas/partition.ts'
import type { StreamTimes } from './stream-time.ts'

const NO_HEADERS = Buffer.alloc(0)
/** So many groups and basket lines close a batch: some 20 bytes each. */
const FULL = 100_000

export interface WindowDeltasOptions {
  readonly topics: { readonly nps: string; readonly baskets: string }
  /** Of the task. */
  readonly partition: number
  readonly partitions: number
  readonly npsCodec: AvroCodec<NpsDelta>
  readonly basketCodec: AvroCodec<BasketDelta>
  readonly streamTimes: StreamTimes
}

/**
 * What one batch adds to the windows of its tenants, combined, in records of the key `<tenantId>/nps` or
 * `<tenantId>/basket-<level>` and its partition, so that one aggregate task has all that a result needs. Its builders
 * live as long as the session.
 */
export class WindowDeltas {
  readonly #options: WindowDeltasOptions
  readonly #nps = new Map<string, NpsChanges>()
  readonly #baskets = new Map<string, { item: BasketChanges; category: BasketChanges }>()
  readonly #batches = { nps: new Map<number, RecordBatches>(), baskets: new Map<number, RecordBatches>() }
  #size = 0

  constructor(options: WindowDeltasOptions) {
    this.#options = options
  }

  get isFull(): boolean {
    return this.#size > FULL
  }

  reset(): void {
    this.#nps.clear()
    this.#baskets.clear()
    this.#size = 0
  }

  /** Adds what an event that was scored changes. */
  add({ tenantId, npsChanges, basketChanges }: EventContext): void {
    if (npsChanges.length > 0) {
      const changes = this.#nps.get(tenantId) ?? new NpsChanges()
      this.#nps.set(tenantId, changes)
      for (const change of npsChanges) this.#size += changes.add(change)
    }
    if (basketChanges.length > 0) {
      const levels = this.#baskets.get(tenantId) ?? { item: new BasketChanges(), category: new BasketChanges() }
      this.#baskets.set(tenantId, levels)
      for (const change of basketChanges) this.#size += levels[change.level].add(change)
    }
  }

  outputs(now: number): TransactionOutput[] {
    const { partition: source, npsCodec, basketCodec, topics, streamTimes } = this.#options
    for (const batch of [...this.#batches.nps.values(), ...this.#batches.baskets.values()]) batch.reset()
    for (const [tenantId, changes] of this.#nps) {
      const parts = changes.parts().map((windows) => ({ tenantId, source, windows }))
      const write = this.#writer('nps', `${tenantId}/nps`, now)
      for (const part of timed(parts, streamTimes.of(tenantId))) write(npsCodec.encode(part))
    }
    for (const [tenantId, levels] of this.#baskets) {
      for (const level of ['item', 'category'] as const) {
        const parts = levels[level].parts().map((part) => ({ tenantId, level, source, ...part }))
        const write = this.#writer('baskets', `${tenantId}/basket-${level}`, now)
        for (const part of timed(parts, streamTimes.of(tenantId))) write(basketCodec.encode(part))
      }
    }
    return (['nps', 'baskets'] as const).flatMap((kind) =>
      [...this.#batches[kind]].flatMap(([partition, { count, batches }]) =>
        count === 0 ? [] : [{ topic: topics[kind], partition, batches }],
      ),
    )
  }

  #writer(kind: 'nps' | 'baskets', text: string, now: number): (value: Buffer) => void {
    const key = Buffer.from(text)
    const batches = this.#batches[kind]
    const partition = partitionOf(key, this.#options.partitions)
    return (value) => {
      const records = batches.get(partition) ?? new RecordBatches()
      batches.set(partition, records)
      records.next.add(now, key, value, NO_HEADERS, 0)
    }
  }
}

/** Only the last part says how far time is: windows must not close between two parts of one batch. */
function timed<T>(parts: readonly T[], streamTime: number): (T & { streamTime: number })[] {
  return parts.map((part, i) => ({ ...part, streamTime: i === parts.length - 1 ? streamTime : NEVER }))
}
