import type { KafkaClient } from './client.ts'
import { type CompactReader, CompactWriter } from './compact-fields.ts'
import { flexibleCall } from './flexible-call.ts'
import { throwIfRefused } from './internals.ts'
import { asKafkaError } from './kafka-error.ts'
import { type RawCall, sendRaw } from './raw-call.ts'

const METADATA = 3
/** The first version that tells ids (Kafka 2.8). kafkajs ends at v6. */
const VERSION = 10
const UUID_BYTES = 16
const NO_ID = '0'.repeat(UUID_BYTES * 2)

/**
 * The name of a topic and, after a `#`, the id that Kafka gave it when it was created: a topic that was deleted and
 * created again has the same name, and its offsets mean something else. Only the name where brokers know no ids.
 */
export async function topicIdentity(client: KafkaClient, topic: string): Promise<string> {
  try {
    const broker = await client.broker(client.leaderOf(topic, 0))
    if ((broker.versions?.[METADATA]?.maxVersion ?? 0) < VERSION) return topic
    const { id } = await sendRaw(broker, metadataCall(topic))
    return id === NO_ID ? topic : `${topic}#${id}`
  } catch (error) {
    throw asKafkaError(error, `asking for the id of ${topic}`, { topic })
  }
}

function metadataCall(topic: string): RawCall<{ readonly id: string }> {
  const body = new CompactWriter().length(1).noUuid().text(topic).noTags()
  // No topic is created, no authorized operations of cluster or topic are asked for.
  body.int8(0).int8(0).int8(0).noTags()
  return flexibleCall({
    apiKey: METADATA,
    apiVersion: VERSION,
    apiName: 'Metadata',
    pieces: [body.take()],
    decode: decodeTopicId,
  })
}

/** The id of the first topic, as hex. @throws KafkaJSProtocolError when the broker doesn't know the topic */
function decodeTopicId(answer: CompactReader): { readonly id: string } {
  // How long the broker throttles.
  answer.skip(4)
  answer.each(() => {
    // A broker's id, host, port and rack.
    answer.skip(4)
    answer.text()
    answer.skip(4)
    answer.text()
    answer.tags()
  })
  // The cluster, and its controller.
  answer.text()
  answer.skip(4)
  answer.length()
  throwIfRefused(answer.int16())
  answer.text()
  return { id: answer.hex(UUID_BYTES) }
}
