import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { KafkaClient } from '../../../connectors/kafka/client.ts'
import type { FetchedPartition } from '../../../connectors/kafka/fetch-codec.ts'
import { Fetcher, type FetchProgress, type FetchSink } from '../../../connectors/kafka/fetcher.ts'
import type { AppError } from '../../../schemas/errors.ts'

/** Brokers that answer every fetch with what `answer` gives for a partition. */
function fakeClient(
  leaders: Map<string, number>,
  answer: (nodeId: number, partition: number) => Partial<FetchedPartition>,
): { client: KafkaClient; asked: { nodeId: number; partitions: number[] }[] } {
  const asked: { nodeId: number; partitions: number[] }[] = []
  const client = {
    leaderOf: (topic: string, partition: number) => {
      const leader = leaders.get(`${topic}/${partition}`)
      if (leader === undefined) throw new Error('no leader')
      return leader
    },
    partitionsOf: () => leaders.size,
    refreshMetadata: async () => {},
    broker: async (nodeId: number) => ({
      connectionPool: {
        send: async () => {
          await sleep(1)
          const partitions = [...leaders].filter(([, node]) => node === nodeId).map(([name]) => Number(name.slice(-1)))
          asked.push({ nodeId, partitions })
          return partitions.map((partition) => ({
            topic: 'in',
            partition,
            errorCode: 0,
            highWatermark: 0,
            lastStableOffset: 0,
            logStartOffset: 0,
            abortedTransactions: [],
            batches: Buffer.alloc(0),
            ...answer(nodeId, partition),
          }))
        },
      },
    }),
  } as unknown as KafkaClient
  return { client, asked }
}

class Sink implements FetchSink {
  readonly pushed: FetchProgress[] = []
  failure: AppError | null = null
  wantsMore(): boolean {
    return true
  }
  push(_records: unknown, progress: FetchProgress): void {
    this.pushed.push(progress)
  }
  failed(error: AppError): void {
    this.failure = error
  }
}

/** A record batch whose compression nobody knows. */
function unreadableBatch(): Buffer {
  const batch = Buffer.alloc(80)
  batch.writeInt32BE(80 - 12, 8)
  batch.writeInt16BE(7, 21)
  batch.writeInt32BE(1, 57)
  return batch
}

test('a partition that can’t be decoded fails alone', async () => {
  const { client } = fakeClient(
    new Map([
      ['in/0', 1],
      ['in/1', 1],
    ]),
    (_node, partition) => (partition === 0 ? { batches: unreadableBatch() } : {}),
  )
  const fetcher = new Fetcher(client)
  const [bad, good] = [new Sink(), new Sink()]
  fetcher.subscribe('in', 0, 0, bad)
  fetcher.subscribe('in', 1, 0, good)
  await expect.poll(() => good.pushed.length).toBeGreaterThan(3)
  expect(bad.failure).toMatchObject({ code: 'KAFKA_REFUSED', details: { topic: 'in', partition: 0, offset: 0 } })
  await fetcher.close()
})

test('a partition whose leader moved is read from its new leader, whoever noticed first', async () => {
  const leaders = new Map([['in/0', 1]])
  const { client, asked } = fakeClient(leaders, () => ({}))
  const fetcher = new Fetcher(client)
  fetcher.subscribe('in', 0, 0, new Sink())
  await expect.poll(() => asked.length).toBeGreaterThan(0)
  // Another user of the same connections refreshed the metadata.
  leaders.set('in/0', 2)
  await expect.poll(() => asked.some(({ nodeId }) => nodeId === 2)).toBe(true)
  await fetcher.close()
})

test('fetches of one broker are an interval apart', async () => {
  const { client } = fakeClient(new Map([['in/0', 1]]), () => ({}))
  const fetcher = new Fetcher(client, { intervalMs: 20 })
  const sink = new Sink()
  let fifthAt = 0
  const began = performance.now()
  fetcher.subscribe('in', 0, 0, {
    wantsMore: () => true,
    push: (records, progress) => {
      sink.push(records, progress)
      if (sink.pushed.length === 5) fifthAt = performance.now()
    },
    failed: (error) => sink.failed(error),
  })
  await expect.poll(() => fifthAt).toBeGreaterThan(0)
  await fetcher.close()
  // Least times only, which no slow machine makes shorter; each timer may fire a millisecond early.
  expect(fifthAt - began).toBeGreaterThanOrEqual(4 * (20 - 1))
})

test('a subscription without a leader leaves nothing behind', async () => {
  const { client } = fakeClient(new Map([['in/0', 1]]), () => ({}))
  const fetcher = new Fetcher(client)
  expect(() => fetcher.subscribe('in', 1, 0, new Sink())).toThrow('no leader')
  const sink = new Sink()
  fetcher.subscribe('in', 0, 0, sink)
  await expect.poll(() => sink.pushed.length).toBeGreaterThan(1)
  await fetcher.close()
})
