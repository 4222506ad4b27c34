import { committedOffsets, type LogRange, logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import { topicIdentity } from '../connectors/kafka/topic-identity.ts'
import { stepDone } from '../schemas/steps.ts'
import { DELTA_TOPICS, type DeltaTopic } from '../schemas/topics.ts'
import type { ResultStore } from '../state/result-store.ts'
import { type AggregateCodecs, TASK_POSITION_KEY, type TaskPosition } from './aggregate-outputs.ts'
import { compareWithLogs, unknownOffsets } from './input-offsets.ts'
import { type RestoredResults, restoreResults } from './restore-results.ts'
import type { TakeoverPorts } from './takeover.ts'

export interface AggregateTakeoverPorts
  extends Pick<TakeoverPorts, 'kafka' | 'fetcher' | 'group' | 'topicName' | 'now' | 'onRestore' | 'log'> {
  readonly store: ResultStore
  readonly codecs: AggregateCodecs
}

export interface TakenOverAggregates {
  /** Where to read each delta topic on, and how far it went. */
  readonly inputs: ReadonlyMap<DeltaTopic, LogRange>
  /** The live entries of `aggregate-state`. */
  readonly entries: ReadonlyMap<string, Buffer>
  /** See AggregateClock; 0 before the first batch. */
  readonly readUpTo: number
  /** Which log the view follows, see topicIdentity. */
  readonly changelog: string
  readonly view: RestoredResults
  /** Input records that retention removed before they were read. */
  readonly lost: number
}

/**
 * As takeOver, for the aggregate task: its state is in memory, so `aggregate-state` is always read from its beginning.
 * The producer has fenced the previous owner before.
 */
export async function takeOverAggregates(
  ports: AggregateTakeoverPorts,
  partition: number,
  signal: AbortSignal,
): Promise<TakenOverAggregates> {
  stepDone('fenced')
  const { kafka, topicName } = ports
  const topic = topicName('aggregate-state')
  const changelog = await topicIdentity(kafka, topic)
  const committed = await committedOffsets(kafka, ports.group, DELTA_TOPICS.map(topicName), partition)
  const log = await logRange(kafka, topic, partition)
  stepDone('offsets-read')
  const entries = new Map<string, Buffer>()
  for await (const { records } of readPartition(
    ports.fetcher,
    topic,
    partition,
    { from: log.start, to: log.end },
    signal,
  )) {
    for (const { key, value } of records) {
      if (key === null) continue
      if (value === null) entries.delete(key.toString())
      else entries.set(key.toString(), value)
    }
  }
  const position = positionOf(entries)
  const { inputs, lost } = await compareWithLogs(
    ports,
    partition,
    DELTA_TOPICS,
    nextOffsets(ports, partition, committed, position),
  )
  const view = await restoreResults(ports, partition, { ...log, identity: changelog }, signal)
  stepDone('view-restored')
  return { inputs, entries, readUpTo: position?.readUpTo ?? 0, changelog, view, lost }
}

function positionOf(entries: Map<string, Buffer>): TaskPosition | null {
  const stored = entries.get(TASK_POSITION_KEY)
  entries.delete(TASK_POSITION_KEY)
  return stored === undefined ? null : (JSON.parse(stored.toString()) as TaskPosition)
}

/**
 * Of what the group has committed and what stands with the state the later one: both were written by the same
 * transactions, but the group may have lost its offsets, or not show those of the last transaction yet.
 * @throws AppError OFFSETS_UNKNOWN: deltas were read whose counts are gone
 */
function nextOffsets(
  { topicName }: AggregateTakeoverPorts,
  partition: number,
  committed: ReadonlyMap<string, number>,
  position: TaskPosition | null,
): Map<string, number> {
  const offsets = new Map<string, number>()
  for (const topic of DELTA_TOPICS.map(topicName)) {
    const offset = committed.get(topic) ?? 0
    if (position === null && offset > 0) {
      throw unknownOffsets(
        topic,
        partition,
        `${offset} records were counted, but aggregate-state/${partition} is empty`,
      )
    }
    const stored = position?.inputs[topic] ?? 0
    if (position !== null) offsets.set(topic, Math.max(offset, stored))
  }
  return offsets
}
