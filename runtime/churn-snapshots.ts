import { type AtHorizon, labelSnapshot } from '../processors/label-snapshot.ts'
import type { TrainingExample } from '../schemas/avro/training-example.ts'
import type { AvroCodec } from '../schemas/codec.ts'
import type { SnapshotEntry } from '../state/state-store.ts'
import type { BatchOutputs } from './batch-outputs.ts'

interface Ended {
  readonly customerKey: string
  readonly key: string
  readonly atHorizon: AtHorizon
  /** Opened by the same batch; null: Redis has it. */
  readonly value: Buffer | null
}

/** About what an ended one reads and writes. */
const ENDED_BYTES = 2_048

/** Values by key; null for those that aren't open any more. */
export type ReadSnapshots = (keys: readonly string[]) => Promise<readonly (Buffer | null)[]>

/**
 * The churn snapshots that one batch opens and ends. The truth is the topic `churn-snapshots`: an ended one is a tombstone
 * in the transaction of its example. That a customer's state may still name it then (a timer by which nothing moved writes
 * no state) does no harm: what isn't open makes no example.
 */
export class ChurnSnapshots {
  readonly #codec: AvroCodec<TrainingExample>
  #changed = new Map<string, Buffer | null>()
  #ended: Ended[] = []

  constructor(codec: AvroCodec<TrainingExample>) {
    this.#codec = codec
  }

  reset(): void {
    if (this.#changed.size === 0) return
    // Not emptied: Redis may still be sent what the batch before changed.
    this.#changed = new Map()
    this.#ended = []
  }

  /** @returns about how many bytes it will write */
  open(customerKey: string, { knownAt }: TrainingExample, encoded: Buffer): number {
    this.#changed.set(snapshotKey(customerKey, knownAt), encoded)
    return encoded.length
  }

  encode(snapshot: TrainingExample): Buffer {
    return this.#codec.encode(snapshot)
  }

  /** @returns as above */
  end(customerKey: string, end: number, { lastPurchaseAt, outcome, outcomeAt }: AtHorizon): number {
    const key = snapshotKey(customerKey, end)
    const value = this.#changed.get(key)
    this.#changed.set(key, null)
    if (value === null) return 0
    this.#ended.push({ customerKey, key, atHorizon: { lastPurchaseAt, outcome, outcomeAt }, value: value ?? null })
    return ENDED_BYTES
  }

  /** The customer is erased. */
  drop(customerKey: string, ends: readonly number[]): void {
    for (const end of ends) {
      const key = snapshotKey(customerKey, end)
      this.#changed.set(key, null)
      this.#ended = this.#ended.filter((each) => each.key !== key)
    }
  }

  /**
   * Writes what the batch opened and ended, and the examples that the latter are. @param read is called only if it is needed
   * @returns how many examples there are, and what becomes of the view
   */
  async finish(outputs: BatchOutputs, read: ReadSnapshots): Promise<{ examples: number; entries: SnapshotEntry[] }> {
    if (this.#changed.size === 0) return { examples: 0, entries: [] }
    const missing = this.#ended.filter(({ value }) => value === null).map(({ key }) => key)
    const values = missing.length === 0 ? [] : await read(missing)
    const found = new Map(missing.map((key, i) => [key, values[i] ?? null]))
    let examples = 0
    for (const { customerKey, key, atHorizon, value } of this.#ended) {
      const snapshot = value ?? found.get(key) ?? null
      if (snapshot === null) continue
      const example = labelSnapshot(await this.#codec.decodeLoading(snapshot), atHorizon)
      outputs.example(Buffer.from(customerKey), this.#codec.encode(example))
      examples++
    }
    const entries = [...this.#changed].map(([key, value]) => ({ key, value }))
    for (const { key, value } of entries) outputs.snapshot(Buffer.from(key), value)
    return { examples, entries }
  }
}

const snapshotKey = (customerKey: string, end: number): string => `${customerKey}@${end}`
