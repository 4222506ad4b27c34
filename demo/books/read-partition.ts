import type { AvroCodec } from '../../schemas/codec.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { INPUT_TOPICS, type InputTopic } from '../../schemas/topics.ts'
import type { InputRecord, Origin, ScoredRecord } from './reconcile.ts'
import type { ResultLogs } from './result-logs.ts'

export interface Inputs {
  readonly records: readonly InputRecord[]
  readonly counts: Readonly<Record<InputTopic, number>>
}

export async function readInputs(
  logs: ResultLogs,
  partition: number,
  codecs: ReadonlyMap<InputTopic, AvroCodec<InputEvent['event']>>,
): Promise<Inputs> {
  const counts: Record<InputTopic, number> = { profiles: 0, interactions: 0, transactions: 0, surveys: 0, outcomes: 0 }
  const records: InputRecord[] = []
  for (const topic of INPUT_TOPICS) {
    const found = await logs.read(topic, partition)
    counts[topic] = found.length
    for (const { offset, key, value } of found) {
      const eventId = value === null ? null : await eventIdOf(codecs.get(topic)!, value)
      records.push({ origin: originOf(topic, String(offset)), key: String(key), eventId })
    }
  }
  return { records, counts }
}

export interface Scored {
  readonly scored: readonly ScoredRecord[]
  /** The last value of each key; keys whose last record is a tombstone are left out. */
  readonly newestValues: ReadonlyMap<string, Buffer>
}

/** @param onValue told of each value, in order */
export async function readScored(
  logs: ResultLogs,
  partition: number,
  onValue: (key: string, value: Buffer) => Promise<void>,
): Promise<Scored> {
  const scored: ScoredRecord[] = []
  const newestValues = new Map<string, Buffer>()
  for (const record of await logs.read('customers', partition)) {
    const headers = record.headers()
    const header = (name: string): string => headers.get(name)?.toString() ?? ''
    const key = String(record.key)
    // Only what an event caused has an origin; a null value with one is an erasure.
    if (record.value !== null && headers.has('topic')) {
      scored.push({ origin: originOf(header('topic'), header('offset')), key, eventId: header('eventId') })
    }
    if (record.value === null) newestValues.delete(key)
    else {
      newestValues.set(key, record.value)
      await onValue(key, record.value)
    }
  }
  return { scored, newestValues }
}

/** Dead letters of whole events: what only came too late for a window was scored all the same. */
export async function readDeadLetters(
  logs: ResultLogs,
  partition: number,
): Promise<{ readonly origin: Origin; readonly reason: string }[]> {
  const letters = (await logs.read('dead-letters', partition)).map((record) => record.headers())
  const header = (headers: Map<string, Buffer>, name: string): string => headers.get(name)?.toString() ?? ''
  return letters
    .filter((headers) => header(headers, 'stage') !== 'window')
    .map((headers) => ({
      origin: originOf(header(headers, 'topic'), header(headers, 'offset')),
      reason: header(headers, 'reason'),
    }))
}

/** Null for bytes that are no event: those must be dead letters. */
async function eventIdOf(codec: AvroCodec<InputEvent['event']>, value: Buffer): Promise<string | null> {
  try {
    return (await codec.decodeLoading(value)).eventId
  } catch {
    return null
  }
}

function originOf(topic: string, offset: string): Origin {
  return `${topic}/${offset}`
}
