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
