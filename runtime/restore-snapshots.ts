import type { LogRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import { stepDone } from '../schemas/steps.ts'
import type { Position, SnapshotEntry } from '../state/state-store.ts'
import type { TakeoverPorts } from './takeover.ts'

/** One position at which the view holds the same open snapshots as at the end; see `LogRange`. */
export function isInStep(position: Position, { end }: LogRange): boolean {
  // A transaction is at least one record and its marker: one offset more can only be that marker.
  return end - (position.snapshots ?? 0) <= 1
}

/**
 * Reads `churn-snapshots` from where the view is, and hands on what changed, slice by slice. A slice that is written twice
 * leaves the same: the newest record of each key stands.
 */
export async function* snapshotSlices(
  { fetcher, topicName }: TakeoverPorts,
  partition: number,
  { from, to }: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): AsyncGenerator<{ readonly position: number; readonly snapshots: SnapshotEntry[] }> {
  const topic = topicName('churn-snapshots')
  for await (const { records, position } of readPartition(fetcher, topic, partition, { from, to }, signal)) {
    const newest = new Map(records.map(({ key, value }) => [key!.toString(), value]))
    yield { position, snapshots: [...newest].map(([key, value]) => ({ key, value })) }
    stepDone('slice-restored')
  }
}
