import { KafkaClient } from '../connectors/kafka/client.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import type { Config } from '../runtime/config.ts'

/** Sum of a topic's end offsets over its partitions: its records, and one more for each transaction that wrote there. */
export async function logEnds(config: Config, name: string): Promise<number> {
  const topic = config.TOPIC_PREFIX + name
  const client = new KafkaClient({ brokers: config.KAFKA_BROKERS, clientId: 'bench-count' })
  await client.connect([topic])
  try {
    let sum = 0
    for (let partition = 0; partition < client.partitionsOf(topic); partition++) {
      sum += (await logRange(client, topic, partition)).end
    }
    return sum
  } finally {
    await client.close()
  }
}
