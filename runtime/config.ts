import { COMPRESSION_TYPES } from '../connectors/kafka/compression.ts'
import { AppError } from '../schemas/errors.ts'
import { brokers, flag, integer, type Option, oneOf, pattern, someOf, text, urls } from './config-option.ts'

type Env = Readonly<Record<string, string | undefined>>

const apiKeys: Option<ReadonlyMap<string, string>> = {
  default: new Map(),
  doc: 'Bearer keys of the HTTP server and the tenant of each: `key:tenant,key2:tenant2`. Without any, the server binds to loopback only and takes the tenant from X-Tenant-Id.',
  secret: true,
  parse: (value) => {
    const pairs = value
      .split(',')
      .filter((pair) => pair.trim() !== '')
      .map((pair) => {
        const colon = pair.lastIndexOf(':')
        const key = pair.slice(0, colon).trim()
        const tenant = pair.slice(colon + 1).trim()
        if (colon < 1 || !/^[A-Za-z0-9._-]{1,64}$/.test(tenant)) throw new Error('must be key:tenant pairs')
        return [key, tenant] as const
      })
    const keys = new Map(pairs)
    if (keys.size < pairs.length) throw new Error('must name each key once')
    return keys
  },
}

/** Every environment variable that everscore reads. docs/configuration.md is written from this table. */
export const OPTIONS = {
  KAFKA_BROKERS: brokers('Kafka bootstrap addresses, host:port with commas.'),
  KAFKA_SSL: flag(false, 'Connect to Kafka with TLS.'),
  KAFKA_SASL_MECHANISM: oneOf(['', 'plain', 'scram-sha-256', 'scram-sha-512'], '', 'SASL mechanism; none if unset.'),
  KAFKA_SASL_USERNAME: text('', 'SASL user name.'),
  KAFKA_SASL_PASSWORD: text('', 'SASL password.', true),
  SCHEMA_REGISTRY_URL: urls(['http:', 'https:'], {
    most: 1,
    doc: 'Address of a Confluent-compatible schema registry, http://[user:password@]host:port[/path].',
  }),
  REDIS_URL: urls(['redis:', 'rediss:'], {
    most: Number.POSITIVE_INFINITY,
    doc: 'Redis address, redis://[:password@]host:port[/db]; several with commas: the nodes of a cluster.',
  }),
  TOPIC_PREFIX: pattern('', /^[A-Za-z0-9._-]{0,64}$/, 'Put before the name of every topic, group and Redis key.'),
  PARTITIONS: integer(
    12,
    1,
    1024,
    'Partitions of the input and result topics, as `everscore init` makes them; all else goes by the topics.',
  ),
  HOST: text('127.0.0.1', 'Address the HTTP server binds to; another one than loopback needs EVERSCORE_API_KEYS.'),
  PORT: integer(3000, 0, 65_535, 'Port of the HTTP server; 0: a free one.'),
  EVERSCORE_API_KEYS: apiKeys,
  LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error', 'silent'], 'info', 'Least level of log lines.'),
  TASKS: someOf(
    ['customers', 'aggregates'],
    'What a worker does, with commas: score customers; count windows and populations.',
  ),
  AGGREGATE_INTERVAL_MS: integer(
    250,
    10,
    60_000,
    'Least time from one transaction of an aggregate task to the next: what comes meanwhile is combined.',
  ),
  TRANSACTION_INTERVAL_MS: integer(
    15,
    0,
    1_000,
    'Least time from one transaction of a customer partition to the next: what comes meanwhile shares one. A lone event does not wait.',
  ),
  COMPRESSION_TYPE: oneOf(
    COMPRESSION_TYPES,
    'none',
    "Of the workers' records. zstd takes two thirds fewer bytes and is faster on a backlog, lz4 takes 60 % fewer; kafkajs needs a codec to read them.",
  ),
  BATCH_MAX_RECORDS: integer(
    10_000,
    1,
    100_000,
    'Most input records in one transaction of one partition. 40000, with 16 MiB below, cost a tenth less CPU on a backlog, and a half more memory.',
  ),
  BATCH_MAX_BYTES: integer(
    4 * 1024 * 1024,
    1_024,
    16 * 1024 * 1024,
    'Most input bytes in one transaction of one partition; it ends, too, when it writes twice as many.',
  ),
  QUEUE_MAX_BYTES: integer(
    4 * 1024 * 1024,
    65_536,
    256 * 1024 * 1024,
    'Fetched bytes that wait for each input topic of a partition.',
  ),
  CACHE_CUSTOMERS: integer(
    200_000,
    1_000,
    100_000_000,
    'Customers that a worker keeps in memory, over all its partitions; up to twice as many.',
  ),
  MERGE_WAIT_MS: integer(
    200,
    0,
    86_400_000,
    'How long a topic that is known to hold unread records is waited for, so that events are taken in the order of event time.',
  ),
  SESSION_TIMEOUT_MS: integer(10_000, 1_000, 300_000, 'A worker that is silent for longer loses its partitions.'),
  HEARTBEAT_MS: integer(500, 50, 60_000, 'Time between two heartbeats; also how soon a rebalance is noticed.'),
  TRANSACTION_TIMEOUT_MS: integer(
    15_000,
    1_000,
    900_000,
    'The broker aborts a transaction that stays open for longer.',
  ),
  PAUSED_RETRY_MS: integer(
    30_000,
    100,
    3_600_000,
    'How often a partition that stands still, such as before a schema that cannot be read, is tried again.',
  ),
  REFRESH_PER_SECOND: integer(
    2_000,
    1,
    1_000_000,
    'Stored customers that a worker scores anew in a second, beside the events, after a model or thresholds changed.',
  ),
  TRAIN_EVERY_EXAMPLES: integer(1_000, 1, 10_000_000, 'New examples of a tenant and kind that call for a training.'),
  TRAIN_EVERY_MS: integer(
    86_400_000,
    1_000,
    2_147_483_647,
    'After so long since the last training any new example calls for one.',
  ),
  TRAIN_SHARED: flag(
    false,
    'Whether to learn models for tenants who have none of their own, from the built-in features of all tenants’ examples.',
  ),
  CLV_EVERY_MS: integer(
    86_400_000,
    1_000,
    2_147_483_647,
    'How often the trainer fits the models of customer lifetime value anew; 24 times as often where customers became a quarter more.',
  ),
  TRAIN_MOST_EXAMPLES: integer(
    100_000,
    100,
    10_000_000,
    'Newest examples of a tenant and kind that the trainer keeps in memory and learns from.',
  ),
  WATCH_EVERY_MS: integer(30_000, 100, 3_600_000, 'How often the trainer looks at what the models in use see and say.'),
  REQUEST_TIMEOUT_MS: integer(10_000, 500, 300_000, 'How long an answer of a broker is waited for.'),
} as const satisfies Record<string, Option<unknown>>

export type Config = {
  readonly [K in keyof typeof OPTIONS]: (typeof OPTIONS)[K]['default'] extends infer D ? Widen<D> : never
}
type Widen<T> = T extends string
  ? string extends T
    ? string
    : T
  : T extends number
    ? number
    : T extends boolean
      ? boolean
      : T

/** @throws AppError CONFIG_INVALID naming the variable; an unknown variable that begins with EVERSCORE_ is refused too */
export function readConfig(env: Env): Config {
  for (const name of Object.keys(env)) {
    if (name.startsWith('EVERSCORE_') && !(name in OPTIONS) && !OTHER_VARIABLES.has(name)) {
      throw new AppError('CONFIG_INVALID', `unknown environment variable ${name}`, { details: { field: name } })
    }
  }
  const config: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(OPTIONS) as [string, Option<unknown>][]) {
    const value = env[name]
    try {
      config[name] = value === undefined || value === '' ? option.default : option.parse(value)
    } catch (error) {
      const shown = option.secret ? '(secret)' : JSON.stringify(value)
      throw new AppError('CONFIG_INVALID', `${name} ${(error as Error).message}, not ${shown}`, {
        details: { field: name },
      })
    }
  }
  return Object.freeze(config) as Config
}

/** Read by the embedded servers before there is a configuration. */
const OTHER_VARIABLES = new Set(['EVERSCORE_CACHE', 'EVERSCORE_TEST_DOCKER'])

/** The configuration for people, secrets left out. */
export function describeConfig(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    (Object.entries(OPTIONS) as [keyof Config, Option<unknown>][]).map(([name, option]) => {
      const value: unknown = config[name]
      const isSet = value instanceof Map ? value.size > 0 : value !== ''
      return [name, option.secret ? (isSet ? '(set)' : '(unset)') : value]
    }),
  )
}
