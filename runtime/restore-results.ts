import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import { type LogRange, logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import { AppError } from '../schemas/errors.ts'
import { stepDone } from '../schemas/steps.ts'
import { DELETE_RETENTION_MS } from '../schemas/topics.ts'
import type { ResultChange, ResultEntry } from '../state/result-store.ts'
import type { Position } from '../state/state-store.ts'
import type { AggregateCodecs } from './aggregate-outputs.ts'
import type { AggregateTakeoverPorts } from './aggregate-takeover.ts'

/** Where the view stands that is being rebuilt: not empty, and not where any batch leaves it that has results. */
const REBUILDING_OFFSET = 1
const RESULT_TOPICS = ['nps', 'cross-sell'] as const

export interface RestoredResults {
  /** Position of the view: the end of `aggregate-state`. */
  readonly offset: number
  /** Next offset of each result topic, by full name. */
  readonly results: Readonly<Record<string, number>>
  readonly restored: number
}

/**
 * Brings the view of results to the end of `aggregate-state`: reads what the result topics hold behind the view's
 * position, or all of it into an emptied view. Slices don't move the position, the end does: until then a zombie's last
 * write may still come between, and is then the position from which all begins again.
 */
export async function restoreResults(
  ports: AggregateTakeoverPorts,
  partition: number,
  state: LogRange & { readonly identity: string },
  signal: AbortSignal,
): Promise<RestoredResults> {
  const { kafka, store, topicName, now } = ports
  const found = await store.position(partition, signal)
  const logs = new Map<(typeof RESULT_TOPICS)[number], LogRange>()
  for (const topic of RESULT_TOPICS) logs.set(topic, await logRange(kafka, topicName(topic), partition))
  const results = Object.fromEntries([...logs].map(([topic, { end }]) => [topicName(topic), end]))
  const end: Position = {
    offset: state.end,
    inputs: results,
    cluster: kafka.clusterId(),
    topic: state.identity,
    at: now(),
    streamTimes: new Map(),
  }
  const usable = found !== null && canFollow(found, end, now())
  // A transaction is at least one record and its marker: one offset more can only be that marker.
  if (usable && state.end - found.offset <= 1) return { offset: found.offset, results: found.inputs, restored: 0 }
  if (!usable) {
    if (found !== null) {
      const details = { partition, offset: found.offset, at: found.at, follows: found.topic, end: state.end }
      ports.log('the results in Redis can not follow aggregate-state: they are built anew', {
        level: 'warn',
        ...details,
      })
    }
    await store.reset(partition, signal)
    stepDone('view-emptied')
  }
  let expected = usable ? found.offset : null
  const during = usable ? found : { ...end, offset: REBUILDING_OFFSET, inputs: {} }
  let restored = 0
  const startedAt = now()
  for (const [topic, { start, end: to }] of logs) {
    const from = Math.max(start, usable ? found.inputs[topicName(topic)]! : start)
    for await (const slice of readPartition(ports.fetcher, topicName(topic), partition, { from, to }, signal)) {
      await ports.onRestore({ partition, from, to, position: slice.position, rebuilding: !usable, startedAt })
      const entries = await newestOf(topic, slice.records, ports.codecs)
      await mustWrite(ports, partition, { expected, position: during, entries }, signal)
      expected = during.offset
      restored += slice.records.length
      stepDone('slice-restored')
    }
  }
  await mustWrite(ports, partition, { expected, position: end, entries: [] }, signal)
  return { offset: end.offset, results, restored }
}

function canFollow(found: Position, end: Position, now: number): boolean {
  const follows = found.cluster === end.cluster && found.topic === end.topic && found.offset <= end.offset
  // Of what came later, tombstones may be compacted away by now.
  const isYoung = end.offset - found.offset <= 1 || now - found.at < DELETE_RETENTION_MS / 2
  return (
    follows && isYoung && Object.entries(end.inputs).every(([topic, last]) => (found.inputs[topic] ?? last + 1) <= last)
  )
}

async function mustWrite(
  { store }: AggregateTakeoverPorts,
  partition: number,
  change: ResultChange,
  signal: AbortSignal,
): Promise<void> {
  if ((await store.write(partition, change, signal)) !== 'foreign') return
  throw new AppError(
    'REDIS_FOREIGN',
    `somebody else moved the results of partition ${partition} while they were restored`,
    {
      retryable: true,
      details: { partition },
    },
  )
}

/** The last record of each key. */
async function newestOf(
  topic: (typeof RESULT_TOPICS)[number],
  records: readonly ConsumedRecord[],
  { crossSell }: AggregateCodecs,
): Promise<ResultEntry[]> {
  const newest = new Map<string, Buffer | null>()
  for (const { key, value } of records) if (key !== null) newest.set(key.toString(), value)
  const entries: ResultEntry[] = []
  for (const [key, value] of newest) {
    const pair = topic === 'nps' || value === null ? null : await crossSell.decodeLoading(value)
    entries.push({ key, value, confidence: pair === null ? null : [pair.confidenceAB, pair.confidenceBA] })
  }
  return entries
}
