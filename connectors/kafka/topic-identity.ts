import type { KafkaClient } from './client.ts'
import { encodedRequest, type ProtocolCall, protocolError } from './internals.ts'
import { asKafkaError } from './kafka-error.ts'

const METADATA = 3
/** The first version that tells ids (Kafka 2.8). kafkajs ends at v6. */
const VERSION = 10
const UUID_BYTES = 16
const NO_TAGS = 0
const NO_ID = '0'.repeat(UUID_BYTES * 2)

/**
 * The name of a topic and, after a `#`, the id that Kafka gave it when it was created: a topic that was deleted and
 * created again has the same name, and its offsets mean something else. Only the name where brokers know no ids.
 */
export async function topicIdentity(client: KafkaClient, topic: string): Promise<string> {
  try {
    const broker = await client.broker(client.leaderOf(topic, 0))
    if ((broker.versions?.[METADATA]?.maxVersion ?? 0) < VERSION) return topic
    const id = await broker.connectionPool.send(metadataCall(topic))
    return id === NO_ID ? topic : `${topic}#${id}`
  } catch (error) {
    throw asKafkaError(error, `asking for the id of ${topic}`, { topic })
  }
}

function metadataCall(topic: string): ProtocolCall<string> {
  return {
    request: {
      apiKey: METADATA,
      apiVersion: VERSION,
      apiName: 'Metadata',
      encode: async () => encodedRequest(encodeMetadata(topic)),
    },
    response: { decode: async (raw) => decodeTopicId(raw), parse: async (id) => id },
  }
}

/** From v9 on lengths are varints, one more than the length, and headers and structures end with tagged fields. */
function encodeMetadata(topic: string): Buffer {
  const name = Buffer.from(topic)
  const length = name.length + 1
  const lengthBytes = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7]
  return Buffer.concat([
    Buffer.from([NO_TAGS, 1 + 1]),
    Buffer.alloc(UUID_BYTES),
    Buffer.from(lengthBytes),
    name,
    // No topic is created, no authorized operations of cluster or topic are asked for.
    Buffer.from([NO_TAGS, 0, 0, 0, NO_TAGS]),
  ])
}

/** The id of the first topic, as hex. @throws KafkaJSProtocolError when the broker doesn't know the topic */
function decodeTopicId(raw: Buffer): string {
  const fields = new CompactFields(raw)
  fields.skipTags()
  fields.skip(4)
  for (let brokers = fields.varint() - 1; brokers > 0; brokers--) {
    fields.skip(4)
    fields.skipText()
    fields.skip(4)
    fields.skipText()
    fields.skipTags()
  }
  fields.skipText()
  fields.skip(4)
  fields.varint()
  const errorCode = raw.readInt16BE(fields.at)
  if (errorCode !== 0) throw protocolError(errorCode)
  fields.skip(2)
  fields.skipText()
  return raw.toString('hex', fields.at, fields.at + UUID_BYTES)
}

class CompactFields {
  readonly #raw: Buffer
  at = 0

  constructor(raw: Buffer) {
    this.#raw = raw
  }

  skip(bytes: number): void {
    this.at += bytes
  }

  varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#raw.readUInt8(this.at++)
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }

  skipText(): void {
    const length = this.varint() - 1
    this.skip(Math.max(length, 0))
  }

  skipTags(): void {
    for (let tags = this.varint(); tags > 0; tags--) {
      this.varint()
      const bytes = this.varint()
      this.skip(bytes)
    }
  }
}
