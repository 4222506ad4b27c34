import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seeded } from '../../../bench/random.ts'
import { topicSchema } from '../../../connectors/file-replay/topic-schema.ts'
import { KafkaClient } from '../../../connectors/kafka/client.ts'
import { EventProducer } from '../../../connectors/kafka/event-producer.ts'
import { Registry } from '../../../connectors/registry/registry.ts'
import { startStack } from '../../../connectors/stack/stack.ts'
import { type Config, readConfig } from '../../../runtime/config.ts'
import { initialise } from '../../../runtime/init.ts'
import { kafkaSettings } from '../../../runtime/kafka-settings.ts'
import { AvroCodec } from '../../../schemas/codec.ts'
import { INPUT_TOPICS, TOPICS } from '../../../schemas/topics.ts'
import { startKafkaProxy } from '../proxy/kafka-proxy.ts'
import { seemOlder } from '../proxy/older-cluster.ts'
import { BASE_SETTINGS } from './base-settings.ts'
import type { Campaign } from './campaign.ts'
import { type InputCodecs, RawRecords } from './raw-records.ts'
import { newTally } from './tally.ts'
import { WorkerPool } from './worker-pool.ts'

const PARTITIONS = 4

export interface SetUp {
  readonly campaign: Campaign
  readonly registry: Registry
  /** A producer with connections of its own. */
  newProducer(): Promise<EventProducer>
  close(): Promise<void>
}

/** The real servers with their data in a folder, topics and schemas on them; workers aren't started yet. */
export async function setUp(folder: string, seed: number, log: (line: string) => void): Promise<SetUp> {
  const data = join(folder, 'data')
  const logs = join(folder, 'logs')
  await mkdir(logs)
  // Signals and data folders of the servers are needed: those in containers have none here.
  const env = { ...process.env, KAFKA_BROKERS: '', SCHEMA_REGISTRY_URL: '', REDIS_URL: '' }
  const stack = await startStack({ dataDir: data, only: 'java', env, log })
  const closers: (() => Promise<void>)[] = [() => stack.stop()]
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).reverse()) await each()
  }
  try {
    const settings = { ...stack.env(), ...workerSettings }
    const config = readConfig(settings)
    const settingsFile = join(folder, 'settings.json')
    await writeFile(settingsFile, JSON.stringify(BASE_SETTINGS))
    await initialise(config, settingsFile)
    const registry = new Registry(config.SCHEMA_REGISTRY_URL)
    // Every other worker takes the cluster for an older one: owners of a partition write transactions in both ways.
    const proxy = await startKafkaProxy(stack.kafkaBrokers)
    closers.push(() => proxy.close())
    seemOlder(proxy.rules)
    const pool = new WorkerPool([settings, { ...settings, KAFKA_BROKERS: `127.0.0.1:${proxy.port}` }], logs)
    closers.push(() => pool.close())
    const newProducer = async (): Promise<EventProducer> => {
      const client = await connected(config)
      closers.push(() => client.close())
      return new EventProducer(client, { giveUpMs: 120_000 })
    }
    const campaign: Campaign = {
      stack,
      config,
      pool,
      producer: await newProducer(),
      records: new RawRecords(await codecsOf(registry), config.TOPIC_PREFIX, PARTITIONS, seeded(seed)),
      redisFolder: join(data, 'redis'),
      snapshotFolder: join(folder, 'redis-snapshot'),
      tally: newTally(),
    }
    return { campaign, registry, newProducer, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Time-outs short, batches small and the cache smaller than the customers, so that there is much to break. */
const workerSettings = {
  TOPIC_PREFIX: 'chaos-',
  PARTITIONS: String(PARTITIONS),
  SESSION_TIMEOUT_MS: '3000',
  HEARTBEAT_MS: '100',
  TRANSACTION_TIMEOUT_MS: '5000',
  REQUEST_TIMEOUT_MS: '3000',
  BATCH_MAX_RECORDS: '200',
  CACHE_CUSTOMERS: '1000',
  LOG_LEVEL: 'info',
}

/** A client of all topics. */
export async function connected(config: Config): Promise<KafkaClient> {
  const client = new KafkaClient(kafkaSettings(config, 'chaos'))
  await client.connect(Object.values(TOPICS).map(({ name }) => config.TOPIC_PREFIX + name))
  return client
}

async function codecsOf(registry: Registry): Promise<InputCodecs> {
  const codecs: [(typeof INPUT_TOPICS)[number], AvroCodec<object>][] = []
  for (const topic of INPUT_TOPICS) {
    const schema = topicSchema(topic)
    const id = await registry.register(`${workerSettings.TOPIC_PREFIX}${topic}-value`, schema)
    codecs.push([topic, new AvroCodec<object>(schema, registry).useId(id)])
  }
  return new Map(codecs)
}
