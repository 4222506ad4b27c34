import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { committedOffsets, logRange } from '../../../connectors/kafka/offsets.ts'
import { waitUntil } from '../../../connectors/stack/wait-until.ts'
import type { Config } from '../../../runtime/config.ts'
import { applicationId } from '../../../runtime/kafka-settings.ts'
import { redisKeys } from '../../../schemas/redis-keys.ts'
import { INPUT_TOPICS } from '../../../schemas/topics.ts'
import { connected } from './setup.ts'

const STUCK_MS = 90_000
const VIEW_MS = 30_000

/**
 * Until the group has committed every input record, and Redis has followed.
 * @throws Error naming what is left when nothing moves for a minute and a half
 */
export async function untilProcessed(config: Config): Promise<void> {
  let best = Number.POSITIVE_INFINITY
  let since = performance.now()
  for (;;) {
    const behind = await backlog(config).catch((error: unknown) => [{ name: String(error), left: Number.NaN }])
    const left = behind.reduce((sum, each) => sum + each.left, 0)
    if (behind.length === 0) break
    if (left < best) {
      best = left
      since = performance.now()
    }
    if (performance.now() - since > STUCK_MS) {
      throw new Error(`nothing moves: ${behind.map(({ name, left }) => `${left} left of ${name}`).join(', ')}`)
    }
    await sleep(500)
  }
  await waitUntil(() => viewFollowed(config), { timeoutMs: VIEW_MS, what: 'Redis to follow the log', everyMs: 200 })
}

async function backlog(config: Config): Promise<{ name: string; left: number }[]> {
  const client = await connected(config)
  try {
    const behind: { name: string; left: number }[] = []
    const topics = INPUT_TOPICS.map((topic) => config.TOPIC_PREFIX + topic)
    for (let partition = 0; partition < config.PARTITIONS; partition++) {
      const committed = await committedOffsets(client, applicationId(config), topics, partition)
      for (const topic of topics) {
        const left = (await logRange(client, topic, partition)).end - (committed.get(topic) ?? 0)
        if (left > 0) behind.push({ name: `${topic}/${partition}`, left })
      }
    }
    return behind
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
