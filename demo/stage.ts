import type { Redis } from 'ioredis'
import { KafkaClient, type KafkaSettings } from '../connectors/kafka/client.ts'
import { EventSink } from '../connectors/kafka/event-sink.ts'
import { Registry } from '../connectors/registry/registry.ts'
import type { Config } from '../runtime/config.ts'
import { applicationId, kafkaSettings } from '../runtime/kafka-settings.ts'
import type { AppError } from '../schemas/errors.ts'
import { type RedisKeys, redisKeys } from '../schemas/redis-keys.ts'
import { INPUT_TOPICS } from '../schemas/topics.ts'
import { connectRedis, redisReady } from '../state/redis-connection.ts'
import { LiveResults } from './live-results.ts'

/** What the demo itself holds of a running installation: it writes events and reads results as anybody else would. */
export interface Stage {
  readonly config: Config
  readonly settings: KafkaSettings
  readonly kafka: KafkaClient
  readonly redis: Redis
  readonly keys: RedisKeys
  readonly registry: Registry
  readonly sink: EventSink
  readonly results: LiveResults
  close(): Promise<void>
}

export async function openStage(config: Config, onFailure: (error: AppError) => void): Promise<Stage> {
  const settings = kafkaSettings(config, 'everscore-demo')
  const prefix = config.TOPIC_PREFIX
  const registry = new Registry(config.SCHEMA_REGISTRY_URL)
  const kafka = new KafkaClient(settings)
  const redis = connectRedis({ url: config.REDIS_URL })
  const results = new LiveResults({ kafka: settings, prefix, schemas: registry, onFailure })
  let sink: EventSink | null = null
  const close = async (): Promise<void> => {
    await results.close()
    await sink?.close()
    await kafka.close()
    redis.disconnect()
  }
  try {
    await kafka.connect(INPUT_TOPICS.map((topic) => prefix + topic))
    await redisReady(redis)
    await results.start()
    const register: Registry['register'] = (subject, schema) => registry.register(subject, schema)
    sink = await EventSink.connect({ kafka: settings, prefix, register, now: Date.now })
    return { config, settings, kafka, redis, keys: redisKeys(applicationId(config)), registry, sink, results, close }
  } catch (error) {
    await close()
    throw error
  }
}
