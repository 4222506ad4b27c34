import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Fetcher } from '../../../connectors/kafka/fetcher.ts'
import { committedOffsets, logRange } from '../../../connectors/kafka/offsets.ts'
import { readPartition } from '../../../connectors/kafka/partition-reader.ts'
import { waitUntil } from '../../../connectors/stack/wait-until.ts'
import type { Config } from '../../../runtime/config.ts'
import { aggregatesGroup, applicationId } from '../../../runtime/kafka-settings.ts'
import { redisKeys } from '../../../schemas/redis-keys.ts'
import { DELTA_TOPICS, INPUT_TOPICS, TOPICS, type TopicName } from '../../../schemas/topics.ts'
import { connected } from './setup.ts'

const STUCK_MS = 90_000
const VIEW_MS = 30_000
/** Longer than any interval of the settings after which something is sent, or a window closes, because nothing comes. */
const QUIET_MS = 6_000
/** What goes on for a while after the last event: timers, new thresholds, windows. */
const LATE_TOPICS = ['customers', 'thresholds', 'nps', 'cross-sell', 'aggregate-state'] as const

/**
 * Until both groups have committed every record, nothing has been written for a while, and Redis has followed.
 * @returns since when nothing was written, epoch ms
 * @throws Error naming what is left when nothing moves for a minute and a half
 */
export async function untilProcessed(config: Config): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  let since = performance.now()
  let written = -1
  let quietSince = Date.now()
  while (Date.now() - quietSince < QUIET_MS) {
    await sleep(500)
    const behind = await backlog(config).catch((error: unknown) => [{ name: String(error), left: Number.NaN }])
    const left = behind.reduce((sum, each) => sum + each.left, 0)
    const soFar = behind.length > 0 ? -1 : await lengthOf(config, LATE_TOPICS)
    if (soFar === -1 || soFar !== written) quietSince = Date.now()
    if (left < best || (left === 0 && soFar !== written)) {
      best = left
      since = performance.now()
    }
    written = soFar
    if (left > 0 && performance.now() - since > STUCK_MS) {
      throw new Error(`nothing moves: ${behind.map(({ name, left }) => `${left} left of ${name}`).join(', ')}`)
    }
  }
  await waitUntil(() => viewFollowed(config), { timeoutMs: VIEW_MS, what: 'Redis to follow the log', everyMs: 200 })
  return quietSince
}

async function backlog(config: Config): Promise<{ name: string; left: number }[]> {
  const client = await connected(config)
  const fetcher = new Fetcher(client)
  try {
    const behind: { name: string; left: number }[] = []
    const groups = [
      [applicationId(config), INPUT_TOPICS],
      [aggregatesGroup(config), DELTA_TOPICS],
    ] as const
    for (const [group, names] of groups) {
      const topics = names.map((topic) => config.TOPIC_PREFIX + topic)
      for (let partition = 0; partition < config.PARTITIONS; partition++) {
        const committed = await committedOffsets(client, group, topics, partition)
        for (const topic of topics) {
          const { start, end } = await logRange(client, topic, partition)
          const range = { from: Math.max(start, committed.get(topic) ?? 0), to: end }
          let left = 0
          // Markers and what was aborted are left behind for ever.
          for await (const { records } of readPartition(fetcher, topic, partition, range)) left += records.length
          if (left > 0) behind.push({ name: `${topic}/${partition}`, left })
        }
      }
    }
    return behind
  } finally {
    await fetcher.close()
    await client.close()
  }
}

/** Records of all partitions, markers included. */
async function lengthOf(config: Config, topics: readonly TopicName[]): Promise<number> {
  const client = await connected(config)
  try {
    let sum = 0
    for (const topic of topics) {
      const partitions = TOPICS[topic].partitions === 1 ? 1 : config.PARTITIONS
      for (let partition = 0; partition < partitions; partition++) {
        sum += (await logRange(client, config.TOPIC_PREFIX + topic, partition)).end
      }
    }
    return sum
  } finally {
    await client.close()
  }
}

/** A transaction is at least one record and its marker: what stands one before the end has seen them all. */
async function viewFollowed(config: Config): Promise<boolean> {
  const client = await connected(config)
  const redis = new Redis(config.REDIS_URL)
  try {
    const keys = redisKeys(applicationId(config))
    for (let partition = 0; partition < config.PARTITIONS; partition++) {
      const { end } = await logRange(client, `${config.TOPIC_PREFIX}customers`, partition)
      const offset = await redis.hget(keys.position(partition), 'offset')
      if (end > 0 && (offset === null || end - Number(offset) > 1)) return false
    }
    return true
  } finally {
    redis.disconnect()
    await client.close()
  }
}
