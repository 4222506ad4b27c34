import { createExplain } from '../api/explain.ts'
import { RedisLookup } from '../api/redis-lookup.ts'
import { RedisResultLookup } from '../api/redis-result-lookup.ts'
import { createRescorer } from '../api/rescore.ts'
import { type ApiServer, startApi } from '../api/server.ts'
import { KafkaClient } from '../connectors/kafka/client.ts'
import { EventProducer } from '../connectors/kafka/event-producer.ts'
import { Fetcher } from '../connectors/kafka/fetcher.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { TopicBroadcast } from '../runtime/broadcast.ts'
import { BroadcastTopic } from '../runtime/broadcast-topic.ts'
import { warnOfPartitions } from '../runtime/check-partitions.ts'
import { type Config, describeConfig, readConfig } from '../runtime/config.ts'
import { applicationId, kafkaSettings } from '../runtime/kafka-settings.ts'
import { createLog, type Log } from '../runtime/log.ts'
import { requireServers } from '../runtime/server-address.ts'
import { warnOfShortApiKeys } from '../runtime/short-api-keys.ts'
import { type CrossSell, crossSellSchema } from '../schemas/avro/cross-sell.ts'
import { type Customer, customerSchema } from '../schemas/avro/customer.ts'
import { type Nps, npsSchema } from '../schemas/avro/nps.ts'
import { AvroCodec } from '../schemas/codec.ts'
import { type ModelWatch, parseModelWatch } from '../schemas/model-watch.ts'
import { redisKeys } from '../schemas/redis-keys.ts'
import { parseTrainingRequest, type TrainingRequest } from '../schemas/training-request.ts'
import { VERSION } from '../schemas/version.ts'
import { connectRedis } from '../state/redis-connection.ts'
import { onceAnswered } from './once-answered.ts'
import { stopSignal } from './signals.ts'
import { wantsHelp } from './wants-help.ts'

const HELP = `everscore api: answers lookups over HTTP until SIGTERM or SIGINT.

Any number of them may run; they hold nothing. Without EVERSCORE_API_KEYS it listens on loopback only and takes the tenant
from the header X-Tenant-Id. The environment is described in docs/configuration.md, the answers at /docs.
`
/** A lookup that takes longer is answered with 503: callers have time limits of their own. */
const REDIS_TIMEOUT_MS = 2_000

export async function runApi(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (wantsHelp(args)) {
    process.stdout.write(HELP)
    return 0
  }
  const config = readConfig(env)
  const log = createLog(config.LOG_LEVEL, (line) => process.stderr.write(line), Date.now)
  warnOfShortApiKeys(config, log)
  const stopped = stopSignal()
  const server = await onceAnswered(() => openApi(config, log), log, stopped)
  if (server === null) return 0
  try {
    log('api answers', { url: server.url, config: describeConfig(config) })
    log('api stops', { signal: await stopped })
    return 0
  } finally {
    await server.close()
  }
}

/** The query API with all it needs, listening. @throws AppError CONFIG_INVALID, PORT_IN_USE, KAFKA_UNAVAILABLE */
export async function openApi(config: Config, log: Log): Promise<ApiServer> {
  requireServers(config)
  const kafka = new KafkaClient(kafkaSettings(config, 'everscore-api'))
  const fetcher = new Fetcher(kafka)
  const broadcast = new TopicBroadcast(log)
  const requests = new Map<string, TrainingRequest>()
  const asked = new BroadcastTopic((json, key) => {
    requests.set(key, parseTrainingRequest(json))
    return null
  }, log)
  const watches = new Map<string, ModelWatch>()
  const watched = new BroadcastTopic((json, key) => {
    watches.set(key, parseModelWatch(json))
    return null
  }, log)
  const redis = connectRedis({ url: config.REDIS_URL, commandTimeoutMs: REDIS_TIMEOUT_MS })
  const release = async (): Promise<void> => {
    broadcast.close()
    asked.close()
    watched.close()
    await fetcher.close()
    await kafka.close()
    redis.disconnect()
  }
  const registry = new Registry(config.SCHEMA_REGISTRY_URL)
  const codec = new AvroCodec<Customer>(customerSchema, registry)
  const npsCodec = new AvroCodec<Nps>(npsSchema, registry)
  const crossSellCodec = new AvroCodec<CrossSell>(crossSellSchema, registry)
  const keys = redisKeys(applicationId(config))
  try {
    // What a customer's scores are now depends on the tenant's settings, which the workers follow in the same way.
    const topicName = (topic: string): string => config.TOPIC_PREFIX + topic
    await kafka.connect([...TopicBroadcast.TOPICS, 'training-requests', 'model-watch', 'customers'].map(topicName))
    // With any other number, customers would be looked for where they are not.
    const partitions = kafka.partitionsOf(topicName('customers'))
    warnOfPartitions(config, partitions, log)
    await broadcast.start(kafka, fetcher, topicName)
    await asked.start(kafka, fetcher, topicName('training-requests'))
    await watched.start(kafka, fetcher, topicName('model-watch'))
    const producer = new EventProducer(kafka)
    const settingsOf = (tenantId: string) => broadcast.settings(tenantId)
    const deps = {
      lookup: new RedisLookup(redis, keys),
      results: new RedisResultLookup(redis, keys),
      decodeCustomer: (value: Buffer) => codec.decodeLoading(value),
      decodeNps: (value: Buffer) => npsCodec.decodeLoading(value),
      decodeCrossSell: (value: Buffer) => crossSellCodec.decodeLoading(value),
      rescorer: createRescorer({
        modelsOf: (tenantId) => broadcast.models(tenantId),
        settingsOf,
        clvOf: (tenantId) => broadcast.clv(tenantId),
      }),
      explain: createExplain({ modelsOf: (tenantId) => broadcast.models(tenantId), settingsOf }),
      settingsOf,
      models: {
        catalogue: broadcast.catalogue,
        requests,
        watches,
        publish: (topic: string, key: string, value: object | null) =>
          producer.send([
            {
              topic: topicName(topic),
              key: Buffer.from(key),
              value: value && Buffer.from(JSON.stringify(value)),
              timestamp: Date.now(),
              partition: 0,
            },
          ]),
      },
      keys: config.EVERSCORE_API_KEYS.size > 0 ? config.EVERSCORE_API_KEYS : null,
      partitions,
      now: Date.now,
      version: VERSION,
      // Fastify's level info is a line a request, which is debug here.
      logger: { level: config.LOG_LEVEL === 'info' ? 'warn' : config.LOG_LEVEL, stream: process.stderr },
    }
    const server = await startApi(deps, { host: config.HOST, port: config.PORT })
    return { url: server.url, close: () => server.close().finally(release) }
  } catch (error) {
    await release()
    throw error
  }
}
