import { encodeHeader } from '../connectors/kafka/record-batch-builder.ts'
import type { Cause } from '../schemas/events.ts'
import type { InputTopic } from '../schemas/topics.ts'

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
  readonly #fixed = new Map<string, Buffer>()
  readonly #partition: number
  #scratch = Buffer.allocUnsafeSlow(1024)

  constructor(partition: number) {
    this.#partition = partition
  }

  /** Valid until the next call. */
  encode(
    topic: InputTopic,
    cause: Cause,
    offset: number,
    eventId: string,
    ingestedAt: number,
    scoredAt: number,
  ): EncodedHeaders {
    const fixed = this.#fixedPart(topic, cause)
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

  #fixedPart(topic: InputTopic, cause: Cause): Buffer {
    const name = `${topic} ${cause}`
    let fixed = this.#fixed.get(name)
    if (!fixed) {
      fixed = Buffer.concat([
        encodeHeader('topic', topic),
        encodeHeader('partition', String(this.#partition)),
        encodeHeader('cause', cause),
      ])
      this.#fixed.set(name, fixed)
    }
    return fixed
  }
}

function writeNumber(into: Buffer, start: number, name: Buffer, value: number): number {
  into.set(name, start)
  const at = start + name.length
  const text = String(value)
  // A zigzag varint of a length below 64 is one byte.
  into[at] = text.length << 1
  for (let i = 0; i < text.length; i++) into[at + 1 + i] = text.charCodeAt(i)
  return at + 1 + text.length
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
