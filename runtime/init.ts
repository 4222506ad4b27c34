import { readFile } from 'node:fs/promises'
import { KafkaClient } from '../connectors/kafka/client.ts'
import { EventProducer } from '../connectors/kafka/event-producer.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { ensureTopics } from '../connectors/kafka/topic-admin.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { AppError, messageOf } from '../schemas/errors.ts'
import { fileProblem } from '../schemas/file-problem.ts'
import { TENANT_ID_PATTERN } from '../schemas/partition.ts'
import { redisKeys } from '../schemas/redis-keys.ts'
import { parseSettings, type TenantSettings } from '../schemas/settings.ts'
import { connectRedis, redisReady, refuseEviction } from '../state/redis-connection.ts'
import { BroadcastTopic } from './broadcast-topic.ts'
import type { Config } from './config.ts'
import { applicationId, kafkaSettings } from './kafka-settings.ts'
import { registerSchemas } from './schema-registration.ts'
import { requireServers } from './server-address.ts'
import { settingsWarning } from './settings-warning.ts'

export interface InitReport {
  readonly topics: readonly { topic: string; action: string; differences: readonly string[] }[]
  readonly schemas: Readonly<Record<string, number>>
  readonly tenants: readonly LoadedSettings[]
}

export interface LoadedSettings {
  readonly tenantId: string
  readonly version: number
  /** What is doubtful about them beside those that were loaded before. */
  readonly warning: string | null
}

/**
 * Makes an installation ready: topics, schemas, settings of tenants. It may be run again at any time.
 * @param settingsFile JSON: tenant id -> settings
 * @throws AppError TOPIC_MISMATCH, SCHEMA_INCOMPATIBLE with the registry's reason, CONFIG_INVALID naming the field
 */
export async function initialise(config: Config, settingsFile: string | null): Promise<InitReport> {
  const tenants = settingsFile === null ? new Map<string, TenantSettings>() : await readSettings(settingsFile)
  requireServers(config)
  const kafka = kafkaSettings(config, 'everscore-init')
  const registry = new Registry(config.SCHEMA_REGISTRY_URL)
  const topics = await ensureTopics(kafka, config.TOPIC_PREFIX, config.PARTITIONS)
  const schemas = await registerSchemas(registry, config.TOPIC_PREFIX, () => true)
  await markInstallation(config)
  const loaded = tenants.size > 0 ? await writeSettings(config, tenants) : []
  return { topics, schemas: Object.fromEntries(schemas), tenants: loaded }
}

async function readSettings(path: string): Promise<Map<string, TenantSettings>> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new AppError('CONFIG_INVALID', `settings file ${path}: ${fileProblem(error)}`, {
      cause: error,
      details: { field: path },
    })
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new AppError('CONFIG_INVALID', `settings file ${path}: must be an object of tenant id -> settings`, {
      details: { field: path },
    })
  }
  const tenants = new Map<string, TenantSettings>()
  for (const [tenantId, settings] of Object.entries(json)) {
    if (!TENANT_ID_PATTERN.test(tenantId)) {
      throw new AppError(
        'CONFIG_INVALID',
        `settings file ${path}: tenant id ${tenantId} must match ${TENANT_ID_PATTERN.source}`,
        {
          details: { field: tenantId },
        },
      )
    }
    try {
      tenants.set(tenantId, parseSettings(settings))
    } catch (error) {
      throw new AppError('CONFIG_INVALID', `settings file ${path}: ${tenantId}: ${messageOf(error)}`, {
        cause: error,
        details: error instanceof AppError ? error.details : {},
      })
    }
  }
  return tenants
}

async function writeSettings(
  config: Config,
  tenants: ReadonlyMap<string, TenantSettings>,
): Promise<readonly LoadedSettings[]> {
  const topic = `${config.TOPIC_PREFIX}settings`
  const client = new KafkaClient(kafkaSettings(config, 'everscore-init'))
  await client.connect([topic])
  const fetcher = new Fetcher(client)
  // Stored settings that can't be read count as none.
  const stored = new BroadcastTopic(parseSettings, () => {})
  try {
    await stored.start(client, fetcher, topic)
    const loaded = [...tenants].map(([tenantId, settings]) => ({
      tenantId,
      version: settings.version,
      warning: settingsWarning(stored.get(tenantId), settings),
    }))
    await new EventProducer(client).send(
      [...tenants].map(([tenantId, settings]) => ({
        topic,
        key: Buffer.from(tenantId),
        value: Buffer.from(JSON.stringify(settings)),
        timestamp: Date.now(),
        partition: 0,
      })),
    )
    return loaded
  } finally {
    stored.close()
    await fetcher.close()
    await client.close()
  }
}

/** Readers of Redis alone have to know in which of the partitions a customer is. */
async function markInstallation(config: Config): Promise<void> {
  const redis = connectRedis({ url: config.REDIS_URL })
  try {
    await redisReady(redis)
    await refuseEviction(redis)
    await redis.hset(redisKeys(applicationId(config)).meta, 'partitions', config.PARTITIONS)
  } finally {
    redis.disconnect()
  }
}
