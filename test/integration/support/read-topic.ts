import type { KafkaClient } from '../../../connectors/kafka/client.ts'
import { Fetcher } from '../../../connectors/kafka/fetcher.ts'
import { logRange } from '../../../connectors/kafka/offsets.ts'
import { readPartition } from '../../../connectors/kafka/partition-reader.ts'

export interface TopicRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}

/** All that a read_committed reader sees of a topic up to its present end, partition after partition. */
export async function readTopic(client: KafkaClient, topic: string): Promise<TopicRecord[]> {
  const records: TopicRecord[] = []
  for (let partition = 0; partition < client.partitionsOf(topic); partition++) {
    records.push(...(await readWholePartition(client, topic, partition)))
  }
  return records
}

export async function readWholePartition(
  client: KafkaClient,
  topic: string,
  partition: number,
): Promise<TopicRecord[]> {
  const fetcher = new Fetcher(client, { maxWaitMs: 20 })
  try {
    const records: TopicRecord[] = []
    const { start, end } = await logRange(client, topic, partition)
    for await (const slice of readPartition(fetcher, topic, partition, { from: start, to: end })) {
      for (const record of slice.records) {
        const { offset, timestamp, key, value } = record
        const headers = Object.fromEntries([...record.headers()].map(([name, bytes]) => [name, bytes.toString()]))
        records.push({ partition, offset, timestamp, key: key?.toString() ?? null, value, headers })
      }
    }
    return records
  } finally {
    await fetcher.close()
  }
}
