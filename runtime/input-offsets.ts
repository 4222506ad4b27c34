import type { ConsumedRecord } from '../connectors/kafka/consumed-record.ts'
import { type LogRange, logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import { AppError } from '../schemas/errors.ts'
import { INPUT_TOPICS, type InputTopic, type TopicName } from '../schemas/topics.ts'
import type { TakeoverPorts } from './takeover.ts'

/** Next offsets to read, by full topic name. */
export type InputOffsets = Readonly<Record<string, number>>

export interface KnownOffsets {
  readonly committed: ReadonlyMap<string, number>
  /** Those that stand with the view or with the last records that were restored; {} if none do. */
  readonly stored: InputOffsets
  readonly changelog: LogRange
}

export interface SettledInputs<T extends TopicName = InputTopic> {
  /** Where to read each input topic on, and how far it went. */
  readonly inputs: ReadonlyMap<T, LogRange>
  /** Input records that retention removed before they were read. */
  readonly lost: number
}

/**
 * Where the inputs of the customer task go on.
 * @throws AppError OFFSETS_UNKNOWN: it can't be known how far a topic was read, and there is state
 */
export async function settleInputs(
  ports: TakeoverPorts,
  partition: number,
  known: KnownOffsets,
  signal: AbortSignal,
): Promise<SettledInputs> {
  return await compareWithLogs(ports, partition, INPUT_TOPICS, await nextOffsets(ports, partition, known, signal))
}

/**
 * Compares what was read with what is there. A gap that retention has left is reported and counted.
 * @param offsets the next to read, by full topic name; a topic that isn't there is read from its beginning
 * @throws AppError OFFSETS_UNKNOWN: more was read than there is
 */
export async function compareWithLogs<T extends TopicName>(
  ports: Pick<TakeoverPorts, 'kafka' | 'topicName' | 'log'>,
  partition: number,
  topics: readonly T[],
  offsets: ReadonlyMap<string, number>,
): Promise<SettledInputs<T>> {
  const inputs = new Map<T, LogRange>()
  let lost = 0
  // All asked for at once: who takes a partition over keeps its events waiting.
  const ranges = await Promise.all(topics.map((topic) => logRange(ports.kafka, ports.topicName(topic), partition)))
  for (const [i, topic] of topics.entries()) {
    const name = ports.topicName(topic)
    const range = ranges[i]!
    const start = offsets.get(name) ?? range.start
    if (start > range.end) {
      throw unknownOffsets(name, partition, `offset ${start} was read, but the topic ends at ${range.end}`)
    }
    if (start < range.start) {
      lost += range.start - start
      ports.log('retention removed records before they were read', {
        level: 'error',
        code: 'RECORDS_LOST',
        topic: name,
        partition,
        from: start,
        to: range.start,
      })
    }
    inputs.set(topic, { start: Math.max(start, range.start), end: range.end })
  }
  return { inputs, lost }
}

/**
 * Of what the group has committed and what stands with the state the later one: both were written by the same
 * transactions, but the group may have lost its offsets, or not show those of the last transaction yet.
 * @returns nothing for topics that nobody has read
 */
async function nextOffsets(
  ports: TakeoverPorts,
  partition: number,
  { committed, stored, changelog }: KnownOffsets,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const names = INPUT_TOPICS.map(ports.topicName)
  const isStored = Object.keys(stored).length > 0
  const isWhole = names.every((name) => committed.has(name))
  const found = isStored || isWhole ? stored : await findAgain(ports, partition, changelog, signal)
  const offsets = new Map(committed)
  for (const name of names) {
    const offset = found?.[name]
    if (offset !== undefined) offsets.set(name, Math.max(offset, committed.get(name) ?? 0))
    else if (found !== null && !offsets.has(name)) {
      throw unknownOffsets(name, partition, `nobody knows how far it was read, but customers/${partition} has records`)
    }
  }
  return offsets
}

/**
 * The offsets in the last records of the changelog.
 * @returns null for a changelog without records: all that is in the log may be a first batch that was aborted
 */
async function findAgain(
  ports: TakeoverPorts,
  partition: number,
  changelog: LogRange,
  signal: AbortSignal,
): Promise<InputOffsets | null> {
  let found: InputOffsets | null = null
  const range = { from: changelog.start, to: changelog.end }
  for await (const { records } of readPartition(
    ports.fetcher,
    ports.topicName('customers'),
    partition,
    range,
    signal,
  )) {
    if (records.length > 0) found = inputsOf(records) ?? found ?? {}
  }
  return found
}

/** The input offsets that stand in the last batch's last record. */
export function inputsOf(records: readonly ConsumedRecord[]): InputOffsets | null {
  for (let i = records.length - 1; i >= 0; i--) {
    const header = records[i]!.header('inputs')
    if (header) return JSON.parse(header.toString()) as InputOffsets
  }
  return null
}

export function unknownOffsets(topic: string, partition: number, what: string): AppError {
  return new AppError('OFFSETS_UNKNOWN', `${topic}/${partition}: ${what}`, { details: { topic, partition } })
}
