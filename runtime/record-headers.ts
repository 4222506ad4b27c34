import { encodeHeader } from '../connectors/kafka/record-batch-builder.ts'
import { digitsOf, writeDigits } from '../schemas/digits.ts'
import type { Cause } from '../schemas/events.ts'
import { INPUT_TOPICS, type InputTopic } from '../schemas/topics.ts'

const COUNT = 7
const NAMES = {
  offset: Buffer.concat([Buffer.from([12]), Buffer.from('offset')]),
  eventId: Buffer.concat([Buffer.from([14]), Buffer.from('eventId')]),
  ingestedAt: Buffer.concat([Buffer.from([20]), Buffer.from('ingestedAt')]),
  scoredAt: Buffer.concat([Buffer.from([16]), Buffer.from('scoredAt')]),
}

export interface EncodedHeaders {
  readonly bytes: Buffer
  readonly count: number
}

/**
 * Headers of result records: where the input record stands (topic, partition, offset), the event's id, the cause, and
 * the times at which the input was appended (ingestedAt) and scored (scoredAt), epoch ms, all as UTF-8 text.
 */
export class ResultHeaders {
  readonly #fixed: Record<'event' | 'erasure', Map<InputTopic, Buffer>>
  #scratch = Buffer.allocUnsafeSlow(1024)

  constructor(partition: number) {
    const of = (cause: Cause): Map<InputTopic, Buffer> =>
      new Map(
        INPUT_TOPICS.map((topic) => [
          topic,
          Buffer.concat([
            encodeHeader('topic', topic),
            encodeHeader('partition', String(partition)),
            encodeHeader('cause', cause),
          ]),
        ]),
      )
    this.#fixed = { event: of('event'), erasure: of('erasure') }
  }

  /** Valid until the next call. */
  encode(
    topic: InputTopic,
    cause: 'event' | 'erasure',
    offset: number,
    eventId: string,
    ingestedAt: number,
    scoredAt: number,
  ): EncodedHeaders {
    const fixed = this.#fixed[cause].get(topic)!
    const needed = fixed.length + 160 + eventId.length * 3
    if (needed > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(needed * 2)
    const bytes = this.#scratch
    bytes.set(fixed, 0)
    let at = writeNumber(bytes, fixed.length, NAMES.offset, offset)
    at = writeNumber(bytes, at, NAMES.ingestedAt, ingestedAt)
    at = writeNumber(bytes, at, NAMES.scoredAt, scoredAt)
    at = writeText(bytes, at, NAMES.eventId, eventId)
    return { bytes: bytes.subarray(0, at), count: COUNT }
  }
}

function writeNumber(into: Buffer, start: number, name: Buffer, value: number): number {
  into.set(name, start)
  const at = start + name.length
  const digits = digitsOf(value)
  // A zigzag varint of a length below 64 is one byte.
  into[at] = digits << 1
  writeDigits(into, at + 1, value, digits)
  return at + 1 + digits
}

function writeText(into: Buffer, start: number, name: Buffer, text: string): number {
  into.set(name, start)
  const at = start + name.length
  if (text.length < 21) {
    const length = into.write(text, at + 1)
    into[at] = length << 1
    return at + 1 + length
  }
  const length = Buffer.byteLength(text)
  let zigzag = length << 1
  let position = at
  while (zigzag >= 0x80) {
    into[position++] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
  }
  into[position++] = zigzag
  return position + into.write(text, position)
}
