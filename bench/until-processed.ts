import { KafkaClient } from '../connectors/kafka/client.ts'
import { committedOffsets, logRange } from '../connectors/kafka/offsets.ts'
import { waitUntil } from '../connectors/stack/wait-until.ts'
import type { Config } from '../runtime/config.ts'
import { applicationId, kafkaSettings } from '../runtime/kafka-settings.ts'
import { INPUT_TOPICS } from '../schemas/topics.ts'

/**
 * Until the customer tasks have committed all that is in the input topics now.
 * @throws AppError SERVER_FAILED after that time
 */
export async function untilProcessed(config: Config, timeoutMs: number): Promise<void> {
  const client = new KafkaClient(kafkaSettings(config, 'bench-offsets'))
  const topics = INPUT_TOPICS.map((topic) => config.TOPIC_PREFIX + topic)
  await client.connect(topics)
  const isProcessed = async (): Promise<boolean> => {
    for (let partition = 0; partition < config.PARTITIONS; partition++) {
      const committed = await committedOffsets(client, applicationId(config), topics, partition)
      for (const topic of topics) {
        if ((committed.get(topic) ?? 0) < (await logRange(client, topic, partition)).end) return false
      }
    }
    return true
  }
  try {
    await waitUntil(isProcessed, { timeoutMs, what: 'all input to be processed', everyMs: 250 })
  } finally {
    await client.close()
  }
}
