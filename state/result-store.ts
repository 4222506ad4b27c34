import type { ViewChange } from './redis-view.ts'
import type { Position, WriteAnswer } from './state-store.ts'

/** The newest record of a key of a result topic. */
export interface ResultEntry {
  /** `<tenantId>/<kind>/<start>/<end>/<id>`: see the topics `nps` and `cross-sell`. */
  readonly key: string
  /** As it is in the topic; null: no longer kept. */
  readonly value: Buffer | null
  /** Of a pair `<a>+<b>`: how many that have a have b too, and the other way round. */
  readonly confidence: readonly [ab: number, ba: number] | null
}

export interface ResultChange extends ViewChange {
  /** One of a key at most. */
  readonly entries: readonly ResultEntry[]
}

/** The serving view of the results of aggregate tasks; the same promises as StateStore. */
export interface ResultStore {
  position(partition: number, signal?: AbortSignal): Promise<Position | null>
  /** See StateStore.write. */
  write(partition: number, change: ResultChange, signal?: AbortSignal): Promise<WriteAnswer>
  reset(partition: number, signal?: AbortSignal): Promise<void>
}
