import type { Redis } from 'ioredis'
import { KafkaClient } from '../connectors/kafka/client.ts'
import { EventSink } from '../connectors/kafka/event-sink.ts'
import { Registry } from '../connectors/registry/registry.ts'
import type { AppError } from '../schemas/errors.ts'
import { type RedisKeys, redisKeys } from '../schemas/redis-keys.ts'
import { INPUT_TOPICS } from '../schemas/topics.ts'
import type { DemoRuntime, Target } from './demo-runtime.ts'
import { LiveResults } from './live-results.ts'

/** What the demo itself holds of a running installation: it writes events and reads results as anybody else would. */
export interface Stage {
  readonly target: Target
  readonly kafka: KafkaClient
  readonly redis: Redis
  readonly keys: RedisKeys
  readonly registry: Registry
  readonly sink: EventSink
  readonly results: LiveResults
  close(): Promise<void>
}

export interface StageOptions {
  readonly runtime: DemoRuntime
  readonly onFailure: (error: AppError) => void
  readonly say: (line: string) => void
}

export async function openStage(target: Target, { runtime, onFailure, say }: StageOptions): Promise<Stage> {
  const { prefix } = target
  const registry = new Registry(target.registryUrl)
  const kafka = new KafkaClient(target.kafka)
  const redis = await runtime.connectRedis(target.redisUrl)
  const results = new LiveResults({ kafka: target.kafka, prefix, schemas: registry, onFailure, say })
  let sink: EventSink | null = null
  const close = async (): Promise<void> => {
    await results.close()
    await sink?.close()
    await kafka.close()
    redis.disconnect()
  }
  try {
    await kafka.connect([...INPUT_TOPICS, 'customers'].map((topic) => prefix + topic))
    await results.start()
    const register: Registry['register'] = (subject, schema) => registry.register(subject, schema)
    sink = await EventSink.connect({ kafka: target.kafka, prefix, register, now: Date.now })
    return { target, kafka, redis, keys: redisKeys(target.app), registry, sink, results, close }
  } catch (error) {
    await close()
    throw error
  }
}
