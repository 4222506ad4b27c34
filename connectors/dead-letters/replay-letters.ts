import type { AvroCodec } from '../../schemas/codec.ts'
import { AppError } from '../../schemas/errors.ts'
import type { InputTopic } from '../../schemas/topics.ts'
import type { ProducedRecord } from '../kafka/event-producer.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { DeadLetterLog, OpenRange } from './dead-letter-log.ts'
import { type Filter, fits } from './filter.ts'

/** What the input topics take, less what the record batch itself needs. */
const MAX_RECORD_BYTES = 1_000_000
const MAX_REASONS = 20

export interface ReplayPorts {
  readonly log: DeadLetterLog
  readonly codecs: Readonly<Record<InputTopic, AvroCodec<object>>>
  /** Full name of an input topic. */
  readonly topicName: (topic: InputTopic) => string
  readonly send: (records: readonly ProducedRecord[]) => Promise<void>
  readonly now: () => number
}

export interface ReplayReport {
  readonly sent: number
  /** Letters that can't be sent: they stay where they are. */
  readonly kept: number
  /** Why, for the first of them. */
  readonly reasons: readonly string[]
}

/**
 * Sends letters to the topics they came from, through the front door: with their key and its murmur2 partition, and the
 * origin of the first record in headers. At least once; workers drop an event whose id its customer remembers.
 * Letters are done when every letter before them was sent too: an offset can't say more.
 */
export async function replayLetters(
  ports: ReplayPorts,
  ranges: readonly OpenRange[],
  filter: Filter,
  dryRun: boolean,
): Promise<ReplayReport> {
  let sent = 0
  let kept = 0
  const reasons: string[] = []
  for (const range of ranges) {
    let isUnbroken = true
    for await (const letters of ports.log.read(range)) {
      const records: ProducedRecord[] = []
      let done = range.done
      for (const letter of letters) {
        if (!fits(letter, filter)) {
          isUnbroken = false
          continue
        }
        const why = await obstacle(ports, letter)
        if (why === null) records.push(recordOf(ports, letter))
        else {
          kept++
          if (reasons.length < MAX_REASONS) reasons.push(`${letter.partition}/${letter.offset}: ${why}`)
          isUnbroken = false
        }
        if (isUnbroken) done = letter.offset + 1
      }
      sent += records.length
      if (dryRun) continue
      await ports.send(records)
      if (done > range.done) await ports.log.mark(new Map([[range.partition, done]]))
    }
  }
  return { sent, kept, reasons }
}

/** Why a letter can't go through the front door, or null. */
async function obstacle({ codecs }: ReplayPorts, letter: DeadLetter): Promise<string | null> {
  const { origin, stage, key, value, wholeKey, wholeValue } = letter
  if (origin === null) return 'it has no origin: another program wrote it'
  if (stage === 'window') return 'its event was scored and counts where it still could: sent again it would count twice'
  if (wholeKey !== null) return `its key was cut: ${wholeKey.length} bytes, SHA-256 ${wholeKey.sha256}`
  if (wholeValue !== null) {
    return `it was cut: the record has ${wholeValue.length} bytes, SHA-256 ${wholeValue.sha256}; send it from its source`
  }
  if (key === null) return 'it has no key'
  if (value === null) return origin.topic === 'profiles' ? null : `its value is null, which ${origin.topic} don't have`
  if (value.length + key.length > MAX_RECORD_BYTES) return `it has ${value.length} bytes, more than the topic takes`
  try {
    // What can't be decoded would only come back; and a schema that can't be read would stop its partition.
    await codecs[origin.topic].decodeLoading(value)
    return null
  } catch (error) {
    if (!(error instanceof AppError) || error.retryable) throw error
    return `it can't be decoded: ${error.message}`
  }
}

function recordOf({ topicName, now }: ReplayPorts, { key, value, origin, first }: DeadLetter): ProducedRecord {
  const { topic, partition, offset } = first!
  const headers = { firstTopic: topic, firstPartition: String(partition), firstOffset: String(offset) }
  return { topic: topicName(origin!.topic), key: key!, value, timestamp: now(), headers }
}
