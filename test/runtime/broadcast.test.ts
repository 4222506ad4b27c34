import { expect, test } from 'vitest'
import type { KafkaClient } from '../../connectors/kafka/client.ts'
import type { Fetcher, FetchSink } from '../../connectors/kafka/fetcher.ts'
import { TopicBroadcast } from '../../runtime/broadcast.ts'
import { AppError } from '../../schemas/errors.ts'

test('settings are followed again after their topic could not be read for a while', async () => {
  const sinks: FetchSink[] = []
  const fetcher = {
    subscribe: (_topic: string, _partition: number, _position: number, sink: FetchSink) => {
      sinks.push(sink)
      return { close() {} }
    },
  } as unknown as Fetcher
  const responses = [{ partitions: [{ offset: '0' }] }]
  const kafka = {
    leaderOf: () => 1,
    broker: async () => ({ listOffsets: async () => ({ responses }) }),
  } as unknown as KafkaClient
  const broadcast = new TopicBroadcast(() => {})
  await broadcast.start(kafka, fetcher, (topic) => topic)
  expect(sinks).toHaveLength(3)
  sinks[0]!.failed(new AppError('KAFKA_UNAVAILABLE', 'this server does not host the topic', { retryable: true }))
  await expect.poll(() => sinks.length).toBe(4)
  broadcast.close()
})
