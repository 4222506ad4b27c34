import { type DlqPorts, runDlqCommand } from '../connectors/dead-letters/command.ts'
import { DeadLetterLog } from '../connectors/dead-letters/dead-letter-log.ts'
import { KafkaClient } from '../connectors/kafka/client.ts'
import { EventProducer } from '../connectors/kafka/event-producer.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { readConfig } from '../runtime/config.ts'
import { applicationId, kafkaSettings } from '../runtime/kafka-settings.ts'
import { requireServers } from '../runtime/server-address.ts'
import { skipRecord } from '../runtime/skip-record.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { INPUT_TOPICS, type InputTopic, TOPICS, type TopicSpec } from '../schemas/topics.ts'

/** `everscore dlq`: looks at dead letters, sends them again, and settles them. */
export async function runDlq(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { stdout, stderr } = process
  return await runDlqCommand(args, { open: () => openDlq(env), stdout, stderr, now: Date.now })
}

/** @throws AppError CONFIG_INVALID, KAFKA_UNAVAILABLE, TOPIC_MISMATCH */
export async function openDlq(env: Readonly<Record<string, string | undefined>>): Promise<DlqPorts> {
  const config = readConfig(env)
  requireServers(config, ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'])
  const topicName = (topic: string): string => config.TOPIC_PREFIX + topic
  const registry = new Registry(config.SCHEMA_REGISTRY_URL)
  const codecs = Object.fromEntries(
    INPUT_TOPICS.map((topic) => [topic, new AvroCodec<object>((TOPICS[topic] as TopicSpec).schema!, registry)]),
  ) as Record<InputTopic, AvroCodec<object>>
  const client = new KafkaClient(kafkaSettings(config, 'everscore-dlq'))
  const fetcher = new Fetcher(client)
  const close = async (): Promise<void> => {
    await fetcher.close()
    await client.close()
  }
  try {
    const topic = topicName('dead-letters')
    await client.connect([topic, ...INPUT_TOPICS.map(topicName)])
    const producer = new EventProducer(client)
    return {
      log: new DeadLetterLog({ client, fetcher, topic, group: `${applicationId(config)}-dlq` }),
      codecs,
      topicName,
      send: (records) => producer.send(records),
      skip: (place) => skipRecord(config, place, Date.now),
      now: Date.now,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
