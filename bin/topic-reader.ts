import type { KafkaClient } from '../connectors/kafka/client.ts'
import type { Fetcher } from '../connectors/kafka/fetcher.ts'
import { logRange } from '../connectors/kafka/offsets.ts'
import { readPartition } from '../connectors/kafka/partition-reader.ts'
import type { AvroCodec } from '../schemas/codec.ts'

export interface TopicReaderOptions<T> {
  readonly kafka: KafkaClient
  readonly fetcher: Fetcher
  readonly topic: string
  readonly codec: AvroCodec<T>
  /** Of each partition only so many are read at first, the newest; all when left out. */
  readonly newest?: number
  /** @param writtenAt time of the record, epoch ms */
  readonly take: (value: T, writtenAt: number) => void
}

/** @returns what hands over all records that came since it was called last, at first those that there are */
export function topicReader<T>(options: TopicReaderOptions<T>): (signal: AbortSignal) => Promise<void> {
  const { kafka, fetcher, topic, codec, newest = Number.POSITIVE_INFINITY, take } = options
  const positions = new Map<number, number>()
  return async (signal) => {
    for (let partition = 0; partition < kafka.partitionsOf(topic); partition++) {
      const { start, end } = await logRange(kafka, topic, partition)
      const from = Math.max(start, positions.get(partition) ?? end - newest)
      for await (const slice of readPartition(fetcher, topic, partition, { from, to: end }, signal)) {
        const decoded = await Promise.all(
          slice.records.map(async ({ value, timestamp }) => ({
            value: value && (await codec.decodeLoading(value)),
            timestamp,
          })),
        )
        for (const { value, timestamp } of decoded) if (value !== null) take(value, timestamp)
        positions.set(partition, slice.position)
      }
    }
  }
}
