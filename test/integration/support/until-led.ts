import type { KafkaClient } from '../../../connectors/kafka/client.ts'
import { logRange } from '../../../connectors/kafka/offsets.ts'
import { waitFor } from './wait-for.ts'

/** For a moment after a topic is created, its leaders don't know of it yet. */
export async function untilLed(client: KafkaClient, topic: string): Promise<void> {
  const partitions = Array.from({ length: client.partitionsOf(topic) }, (_, partition) => partition)
  await waitFor('every partition to have its leader', async () => {
    const ranges = await Promise.all(partitions.map((partition) => logRange(client, topic, partition)))
    return ranges.every(({ end }) => end === 0)
  })
}
