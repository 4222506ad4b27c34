import type { Redis } from 'ioredis'
import { newAdmin } from '../connectors/kafka/admin.ts'
import { TOPICS, type TopicSpec } from '../schemas/topics.ts'
import type { Target } from './demo-runtime.ts'

/**
 * Takes topics, group, schemas and keys of one run off servers that aren't the demo's own. Everything is named in full or
 * begins with the run's own prefix, so that nothing else can be meant.
 */
export async function removeInstallation(target: Target, redis: Redis): Promise<void> {
  if (target.prefix === '') throw new Error('only an installation with a prefix of its own may be removed')
  await removeFromKafka(target)
  await removeFromRedis(target, redis)
  await removeFromRegistry(target)
}

async function removeFromKafka({ kafka, app, prefix }: Target): Promise<void> {
  const admin = newAdmin(kafka)
  try {
    await admin.connect()
    const names = Object.values(TOPICS).map(({ name }) => prefix + name)
    const existing = await admin.listTopics()
    await admin.deleteTopics({ topics: names.filter((name) => existing.includes(name)) })
    await admin.deleteGroups([app]).catch(() => {
      // The worker may never have joined it.
    })
  } finally {
    await admin.disconnect()
  }
}

async function removeFromRedis({ app }: Target, redis: Redis): Promise<void> {
  try {
    const pattern = `${app.replaceAll(/[[\]*?\\]/g, '\\$&')}:*`
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
async function removeFromRegistry({ registryUrl, prefix }: Target): Promise<void> {
  const registry = new URL(`${registryUrl.replace(/\/$/, '')}/`)
  const user = `${decodeURIComponent(registry.username)}:${decodeURIComponent(registry.password)}`
  const headers = registry.username === '' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` }
  // fetch refuses an address with a user in it.
  registry.username = ''
  registry.password = ''
  for (const { name, schema } of Object.values(TOPICS) as TopicSpec[]) {
    if (schema === null) continue
    const subject = encodeURIComponent(`${prefix}${name}-value`)
    await fetch(new URL(`subjects/${subject}`, registry), { method: 'DELETE', headers })
  }
}
