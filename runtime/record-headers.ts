import { encodeHeader } from '../connectors/kafka/record-batch-builder.ts'
import { digitsOf, writeDigits } from '../schemas/digits.ts'
import { INPUT_TOPICS, type InputTopic } from '../schemas/topics.ts'

const NAMES = {
  offset: Buffer.concat([Buffer.from([12]), Buffer.from('offset')]),
  eventId: Buffer.concat([Buffer.from([14]), Buffer.from('eventId')]),
  ingestedAt: Buffer.concat([Buffer.from([20]), Buffer.from('ingestedAt')]),
}

/** Headers of a `customers` record; the first of them, the origin, are those of a `score-changes` record. */
export const CUSTOMER_HEADERS = 5
export const ORIGIN_HEADERS = 3
/** Of a `customers` record that no input record caused; its `score-changes` have none. */
export const NO_ORIGIN_HEADERS = 1

/** The input record. */
interface Origin {
  readonly offset: number
  /** When it was appended, epoch ms. */
  readonly timestamp: number
}

/**
 * Headers of result records, all UTF-8 text: where the input record stands (topic, partition, offset), and for
 * `customers` the time at which it was appended (ingestedAt, epoch ms) and the event's id. When it was scored is the
 * record's timestamp. Records of other causes have no origin. They are few because a broker parses every one of them.
 */
export class ResultHeaders {
  readonly #fixed: Readonly<Record<InputTopic, Buffer>>
  #originEnd = 0

  constructor(partition: number) {
    this.#fixed = Object.fromEntries(
      INPUT_TOPICS.map((topic) => [
        topic,
        Buffer.concat([encodeHeader('topic', topic), encodeHeader('partition', String(partition))]),
      ]),
    ) as Record<InputTopic, Buffer>
  }

  /** Where the origin ended in the last `write`. */
  get originEnd(): number {
    return this.#originEnd
  }

  /** Bytes in which the headers of an event with this id surely fit. */
  room(eventId: string): number {
    return 160 + eventId.length * 3
  }

  /** @returns the end; more than `into` is long: it didn't fit */
  write(into: Buffer, start: number, topic: InputTopic, { offset, timestamp }: Origin, eventId: string): number {
    const fixed = this.#fixed[topic]
    const end = start + this.room(eventId)
    if (end > into.length) return end
    into.set(fixed, start)
    let at = writeNumber(into, start + fixed.length, NAMES.offset, offset)
    this.#originEnd = at
    at = writeNumber(into, at, NAMES.ingestedAt, timestamp)
    return writeText(into, at, NAMES.eventId, eventId)
  }

  /** Only the event's id. @returns as `write` */
  writeWithoutOrigin(into: Buffer, start: number, eventId: string): number {
    this.#originEnd = start
    const end = start + this.room(eventId)
    return end > into.length ? end : writeText(into, start, NAMES.eventId, eventId)
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
