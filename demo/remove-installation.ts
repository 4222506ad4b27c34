import kafkajs from 'kafkajs'
import { stopTimerSpin } from '../connectors/kafka/internals.ts'
import type { Config } from '../runtime/config.ts'
import { applicationId, kafkaSettings } from '../runtime/kafka-settings.ts'
import { TOPICS, type TopicSpec } from '../schemas/topics.ts'
import { connectRedis, redisReady } from '../state/redis-connection.ts'

/**
 * Takes topics, group, schemas and keys of one run off servers that aren't the demo's own. Everything is named in full or
 * begins with the run's own prefix, so that nothing else can be meant.
 */
export async function removeInstallation(config: Config): Promise<void> {
  if (config.TOPIC_PREFIX === '') throw new Error('only an installation with a prefix of its own may be removed')
  await removeFromKafka(config)
  await removeFromRedis(config)
  await removeFromRegistry(config)
}

async function removeFromKafka(config: Config): Promise<void> {
  stopTimerSpin()
  const { brokers, clientId, ssl, sasl } = kafkaSettings(config, 'everscore-demo')
  const kafka = new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    ...(ssl ? { ssl: true } : {}),
    ...(sasl ? { sasl: sasl as never } : {}),
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 2 },
  })
  const admin = kafka.admin()
  try {
    await admin.connect()
    const names = Object.values(TOPICS).map(({ name }) => config.TOPIC_PREFIX + name)
    const existing = await admin.listTopics()
    await admin.deleteTopics({ topics: names.filter((name) => existing.includes(name)) })
    await admin.deleteGroups([applicationId(config)]).catch(() => {
      // The worker may never have joined it.
    })
  } finally {
    await admin.disconnect()
  }
}

async function removeFromRedis(config: Config): Promise<void> {
  const redis = connectRedis({ url: config.REDIS_URL })
  try {
    await redisReady(redis)
    const pattern = `${applicationId(config).replaceAll(/[[\]*?\\]/g, '\\$&')}:*`
    const nodes =
      'nodes' in redis ? (redis as unknown as { nodes(role: string): (typeof redis)[] }).nodes('master') : [redis]
    for (const node of nodes) {
      for await (const keys of node.scanStream({ match: pattern, count: 1_000 })) {
        for (const key of keys as string[]) await node.unlink(key)
      }
    }
  } finally {
    redis.disconnect()
  }
}

/** Softly, as a registry does it: an id that was given out keeps its schema. */
async function removeFromRegistry(config: Config): Promise<void> {
  const registry = new URL(`${config.SCHEMA_REGISTRY_URL.replace(/\/$/, '')}/`)
  const user = `${decodeURIComponent(registry.username)}:${decodeURIComponent(registry.password)}`
  const headers = registry.username === '' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` }
  // fetch refuses an address with a user in it.
  registry.username = ''
  registry.password = ''
  for (const { name, schema } of Object.values(TOPICS) as TopicSpec[]) {
    if (schema === null) continue
    const subject = encodeURIComponent(`${config.TOPIC_PREFIX}${name}-value`)
    await fetch(new URL(`subjects/${subject}`, registry), { method: 'DELETE', headers })
  }
}
