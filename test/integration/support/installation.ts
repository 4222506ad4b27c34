import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { KafkaClient } from '../../../connectors/kafka/client.ts'
import { EventProducer, type ProducedRecord } from '../../../connectors/kafka/event-producer.ts'
import { EventSink } from '../../../connectors/kafka/event-sink.ts'
import { Registry } from '../../../connectors/registry/registry.ts'
import { type Config, readConfig } from '../../../runtime/config.ts'
import { type InitReport, initialise } from '../../../runtime/init.ts'
import { applicationId, kafkaSettings } from '../../../runtime/kafka-settings.ts'
import { AvroCodec } from '../../../schemas/codec.ts'
import { AppError } from '../../../schemas/errors.ts'
import { type RedisKeys, redisKeys } from '../../../schemas/redis-keys.ts'
import { TOPICS, type TopicName } from '../../../schemas/topics.ts'
import { servers } from '../servers.ts'
import { withAdmin } from '../stack-clients.ts'
import { readTopic, type TopicRecord } from './read-topic.ts'

export const PARTITIONS = 3

/** An installation of its own on the servers that all tests share: its topics, group and keys have its prefix. */
export interface Installation {
  readonly env: Readonly<Record<string, string>>
  readonly config: Config
  readonly group: string
  readonly keys: RedisKeys
  readonly redis: Redis
  readonly sink: EventSink
  readonly registry: Registry
  /** Of all tenants. */
  readonly clock: 'wall' | 'event'
  topic(name: TopicName): string
  codec<T>(name: TopicName): AvroCodec<T>
  init(settings?: object): Promise<InitReport>
  /** Writes records as they are, good or bad. */
  produce(records: readonly ProducedRecord[]): Promise<void>
  read(name: TopicName): Promise<TopicRecord[]>
  close(): Promise<void>
}

export interface InstallationOptions {
  /** On top of the servers' addresses. */
  readonly env?: Readonly<Record<string, string>>
  readonly settings?: object
  /** Of all tenants, as `settings` have it. */
  readonly clock?: 'wall' | 'event'
}

export function newPrefix(): string {
  return `t-${randomUUID().slice(0, 8)}-`
}

/** Its variables: short time-outs, so that what a test waits for comes soon. */
export function installationEnv(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { kafkaBrokers, schemaRegistryUrl, redisUrl } = servers()
  return {
    KAFKA_BROKERS: kafkaBrokers,
    SCHEMA_REGISTRY_URL: schemaRegistryUrl,
    REDIS_URL: redisUrl,
    TOPIC_PREFIX: newPrefix(),
    PARTITIONS: String(PARTITIONS),
    SESSION_TIMEOUT_MS: '3000',
    HEARTBEAT_MS: '100',
    LOG_LEVEL: 'warn',
    // Tests of aggregates ask for them.
    TASKS: 'customers',
    ...more,
  }
}

/** Makes topics and schemas, and connects. */
export async function makeInstallation(options: InstallationOptions = {}): Promise<Installation> {
  const env = installationEnv(options.env)
  const config = readConfig(env)
  const topic = (name: TopicName): string => config.TOPIC_PREFIX + name
  const init = (settings?: object): Promise<InitReport> => initialiseWith(config, settings)
  await init(options.settings)

  const registry = new Registry(config.SCHEMA_REGISTRY_URL)
  const client = new KafkaClient(kafkaSettings(config, 'test'))
  await client.connect(Object.values(TOPICS).map(({ name }) => topic(name as TopicName)))
  const producer = new EventProducer(client)
  const redis = new Redis(config.REDIS_URL)
  const sink = await EventSink.connect({
    kafka: kafkaSettings(config, 'test-events'),
    prefix: config.TOPIC_PREFIX,
    register: (subject, schema) => registry.register(subject, schema),
    now: Date.now,
  })
  return {
    env,
    config,
    group: applicationId(config),
    keys: redisKeys(applicationId(config)),
    redis,
    sink,
    registry,
    clock: options.clock ?? 'wall',
    topic,
    codec: <T>(name: TopicName) => codecOf<T>(name, registry),
    init,
    produce: (records) => producer.send(records),
    read: (name) => readTopic(client, topic(name)),
    async close() {
      await sink.close()
      await client.close()
      for await (const names of redis.scanStream({ match: `${applicationId(config)}:*`, count: 1_000 })) {
        if (names.length > 0) await redis.unlink(names)
      }
      redis.disconnect()
      // The broker is shared: what a test leaves there costs the tests after it.
      await withAdmin(env['KAFKA_BROKERS']!, (admin) =>
        admin.deleteTopics({ topics: Object.values(TOPICS).map(({ name }) => topic(name as TopicName)) }),
      )
    },
  }
}

export async function initialiseWith(config: Config, settings?: unknown): Promise<InitReport> {
  if (settings === undefined) return await initialise(config, null)
  const folder = await mkdtemp(join(tmpdir(), 'everscore-test-'))
  try {
    const file = join(folder, 'settings.json')
    await writeFile(file, typeof settings === 'string' ? settings : JSON.stringify(settings))
    return await initialise(config, file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function codecOf<T>(name: TopicName, registry: Registry): AvroCodec<T> {
  const { schema } = TOPICS[name]
  if (schema === null) throw new AppError('INTERNAL', `${name} has no schema`)
  return new AvroCodec<T>(schema, registry)
}
