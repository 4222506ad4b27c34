import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../schemas/errors.ts'
import type { KafkaClient } from './client.ts'
import { asKafkaError } from './kafka-error.ts'

const EARLIEST = -2
const LATEST = -1
const READ_UNCOMMITTED = 0
const LEADER_WAIT_MS = 5_000
const LEADER_RETRY_MS = 100

/** The offsets between which a partition has records: [start, end). `end` is the high watermark. */
export interface LogRange {
  readonly start: number
  readonly end: number
}

export async function logRange(client: KafkaClient, topic: string, partition: number): Promise<LogRange> {
  const deadline = performance.now() + LEADER_WAIT_MS
  for (;;) {
    try {
      const asked = [offsetAt(client, topic, partition, EARLIEST), offsetAt(client, topic, partition, LATEST)] as const
      const [start, end] = await Promise.all(asked)
      return { start, end }
    } catch (error) {
      const failure = asKafkaError(error, `listing offsets of ${topic}/${partition}`, { topic, partition })
      // A topic made a moment ago has no leader yet, and a leader may move.
      if (!failure.retryable || performance.now() > deadline) throw failure
      await sleep(LEADER_RETRY_MS)
      await client.refreshMetadata()
    }
  }
}

async function offsetAt(client: KafkaClient, topic: string, partition: number, timestamp: number): Promise<number> {
  const broker = await client.broker(client.leaderOf(topic, partition))
  const { responses } = await broker.listOffsets({
    isolationLevel: READ_UNCOMMITTED,
    topics: [{ topic, partitions: [{ partition, timestamp }] }],
  })
  const offset = responses[0]?.partitions[0]?.offset
  if (offset === undefined) {
    throw new AppError('KAFKA_UNAVAILABLE', `no offsets for ${topic}/${partition}`, { retryable: true })
  }
  return Number(offset)
}

/** The group's committed offsets of one partition of some topics; topics without one are left out. */
export async function committedOffsets(
  client: KafkaClient,
  group: string,
  topics: readonly string[],
  partition: number,
): Promise<Map<string, number>> {
  try {
    const coordinator = await client.coordinator(group, 'group')
    const { responses } = await coordinator.offsetFetch({
      groupId: group,
      topics: topics.map((topic) => ({ topic, partitions: [{ partition }] })),
    })
    const committed = new Map<string, number>()
    for (const { topic, partitions } of responses) {
      const offset = Number(partitions[0]?.offset ?? -1)
      if (offset >= 0) committed.set(topic, offset)
    }
    return committed
  } catch (error) {
    client.forgetCoordinator(group, 'group')
    throw asKafkaError(error, `fetching offsets of group ${group}`, { group, partition })
  }
}

const NO_GENERATION = -1

/**
 * Commits offsets of one topic for a group without members, as a tool does that keeps a position there.
 * @param offsets by partition; the next record to read
 */
export async function commitOffsets(
  client: KafkaClient,
  group: string,
  topic: string,
  offsets: ReadonlyMap<number, number>,
): Promise<void> {
  if (offsets.size === 0) return
  try {
    const coordinator = await client.coordinator(group, 'group')
    const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset: String(offset), metadata: '' }))
    const topics = [{ topic, partitions }]
    await coordinator.offsetCommit({ groupId: group, groupGenerationId: NO_GENERATION, memberId: '', topics })
  } catch (error) {
    client.forgetCoordinator(group, 'group')
    throw asKafkaError(error, `committing offsets of group ${group}`, { group })
  }
}
