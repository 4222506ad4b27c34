import { describe, expect, test } from 'vitest'
import { describeConfig, OPTIONS, readConfig } from '../../runtime/config.ts'

test('without an environment every option has its default, and nobody can change it', () => {
  const config = readConfig({})
  for (const [name, option] of Object.entries(OPTIONS)) {
    expect(config[name as keyof typeof config]).toEqual(option.default)
  }
  expect(Object.isFrozen(config)).toBe(true)
})

test('an empty variable counts as unset, variables of others are left alone', () => {
  expect(readConfig({ PORT: '', PATH: '/bin', HOME: '/root' })).toEqual(readConfig({}))
})

describe('a value that is refused names its variable', () => {
  test.each([
    ['KAFKA_BROKERS', 'localhost'],
    ['KAFKA_BROKERS', 'a:9092,b'],
    ['KAFKA_BROKERS', 'a:0'],
    ['KAFKA_BROKERS', 'a:65536'],
    ['KAFKA_BROKERS', 'PLAINTEXT://a:9092'],
    ['KAFKA_SSL', 'yes'],
    ['KAFKA_SASL_MECHANISM', 'gssapi'],
    ['TOPIC_PREFIX', 'with space'],
    ['TOPIC_PREFIX', 'x'.repeat(65)],
    ['PARTITIONS', '0'],
    ['PARTITIONS', '1025'],
    ['PARTITIONS', '2.5'],
    ['PARTITIONS', 'many'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['LOG_LEVEL', 'verbose'],
    ['BATCH_MAX_RECORDS', '0'],
    ['BATCH_MAX_BYTES', '1'],
    ['QUEUE_MAX_BYTES', 'NaN'],
    ['CACHE_CUSTOMERS', '10'],
    ['MERGE_WAIT_MS', '-1'],
    ['SESSION_TIMEOUT_MS', '1'],
    ['HEARTBEAT_MS', 'Infinity'],
    ['TRANSACTION_TIMEOUT_MS', '999999999'],
    ['REQUEST_TIMEOUT_MS', '1e99'],
  ])('%s=%s', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        details: { field: name },
        message: expect.stringMatching(new RegExp(`^${name} must .*, not "`)),
      }),
    )
  })

  test.each([
    ['SCHEMA_REGISTRY_URL', 'secret:8081', 'http:// or https://'],
    ['SCHEMA_REGISTRY_URL', 'http://', 'http:// or https://'],
    ['SCHEMA_REGISTRY_URL', 'http://a:1,http://secret:2', 'http:// or https://'],
    ['REDIS_URL', 'secret:6379', 'redis:// or rediss://'],
    ['REDIS_URL', 'http://secret:6379', 'redis:// or rediss://'],
    ['REDIS_URL', 'redis://a:6379,secret', 'redis:// or rediss://'],
    ['REDIS_URL', ',', 'redis:// or rediss://'],
  ])('%s=%s, without showing it', (name, value, schemes) => {
    expect(() => readConfig({ [name]: value })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        details: { field: name },
        message: `${name} must be an address that begins with ${schemes}, not (secret)`,
      }),
    )
  })

  test('with its choices, of which none is empty', () => {
    expect(() => readConfig({ KAFKA_SASL_MECHANISM: 'gssapi' })).toThrow(
      'KAFKA_SASL_MECHANISM must be one of plain, scram-sha-256, scram-sha-512, not "gssapi"',
    )
  })

  test.each(['secret', 'secret:not a tenant', ':tenant', 'a:b,secret', 'secret:a,secret:b'])(
    'EVERSCORE_API_KEYS=%s, without showing it',
    (keys) => {
      expect(() => readConfig({ EVERSCORE_API_KEYS: keys })).toThrow(
        expect.objectContaining({
          code: 'CONFIG_INVALID',
          details: { field: 'EVERSCORE_API_KEYS' },
          message: expect.not.stringContaining('secret:') && expect.stringContaining('not (secret)'),
        }),
      )
    },
  )

  test('a misspelt variable of ours', () => {
    expect(() => readConfig({ EVERSCORE_API_KEY: 'x' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', details: { field: 'EVERSCORE_API_KEY' } }),
    )
  })
})

test('reads choices in upper case, and the addresses of a cluster', () => {
  const nodes = 'redis://:p@a:6379/0,rediss://b:6380'
  const config = readConfig({
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_BROKERS: '[::1]:9092',
    REDIS_URL: nodes,
    SCHEMA_REGISTRY_URL: 'https://user:p@registry/path',
  })
  expect(config).toMatchObject({
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
    KAFKA_BROKERS: ['[::1]:9092'],
    REDIS_URL: nodes,
    SCHEMA_REGISTRY_URL: 'https://user:p@registry/path',
  })
})

test('reads lists, flags, numbers and keys', () => {
  const config = readConfig({
    KAFKA_BROKERS: ' a:9092, b:9092 ,,',
    KAFKA_SSL: 'true',
    PARTITIONS: '3',
    EVERSCORE_API_KEYS: 'k1:acme, key:with:colons:globex ',
  })
  expect(config.KAFKA_BROKERS).toEqual(['a:9092', 'b:9092'])
  expect(config.KAFKA_SSL).toBe(true)
  expect(config.PARTITIONS).toBe(3)
  expect([...config.EVERSCORE_API_KEYS]).toEqual([
    ['k1', 'acme'],
    ['key:with:colons', 'globex'],
  ])
})

test('secrets are never described', () => {
  const secret = 'sesame'
  const config = readConfig({
    KAFKA_BROKERS: 'broker:9092',
    KAFKA_SASL_PASSWORD: secret,
    REDIS_URL: `redis://:${secret}@redis:6379`,
    SCHEMA_REGISTRY_URL: `http://user:${secret}@registry:8081`,
    EVERSCORE_API_KEYS: `${secret}:acme`,
  })
  const described = describeConfig(config)
  expect(JSON.stringify(described)).not.toContain(secret)
  expect(described).toMatchObject({ KAFKA_BROKERS: ['broker:9092'], KAFKA_SASL_PASSWORD: '(set)', REDIS_URL: '(set)' })
  expect(describeConfig(readConfig({}))).toMatchObject({
    KAFKA_SASL_PASSWORD: '(unset)',
    EVERSCORE_API_KEYS: '(unset)',
  })
})
