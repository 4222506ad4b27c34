import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { choose, missingServers } from '../../../connectors/stack/choose.ts'
import { startStack } from '../../../connectors/stack/stack.ts'

const empty = mkdtempSync(join(tmpdir(), 'everscore-test-'))
const bare = { PATH: empty, EVERSCORE_CACHE: join(empty, 'cache') }

afterAll(() => rmSync(empty, { recursive: true, force: true }))

test('one message names all three ways when none is there', async () => {
  await expect(startStack({ env: bare })).rejects.toMatchObject({
    code: 'STACK_UNAVAILABLE',
    message: [
      'found no way to start Kafka, the schema registry, Redis. Any one of these three will do:',
      '  1. servers that run already: set KAFKA_BROKERS, SCHEMA_REGISTRY_URL, REDIS_URL',
      '  2. Docker with Compose (docker is not on the PATH)',
      '  3. Java 17 or later and Maven (java is not on the PATH, mvn is not on the PATH)',
    ].join('\n'),
  })
})

test('asks only for what the environment lacks', async () => {
  const env = { ...bare, KAFKA_BROKERS: 'a:1', SCHEMA_REGISTRY_URL: 'http://b' }
  expect(missingServers(env)).toEqual(['redis'])
  await expect(choose({ env, missing: ['redis'] })).rejects.toThrow('found no way to start Redis.')
})

test('needs neither Docker nor Java when all addresses are given', async () => {
  const env = { ...bare, KAFKA_BROKERS: 'a:1', SCHEMA_REGISTRY_URL: 'http://b', REDIS_URL: 'redis://c' }
  expect(await choose({ env, missing: missingServers(env) })).toEqual({ kind: 'given' })
})

test('needs no Maven for what is in the cache', async () => {
  mkdirSync(join(bare.EVERSCORE_CACHE, 'embedded-redis-1.4.3'), { recursive: true })
  expect(await choose({ env: bare, missing: ['redis'] })).toMatchObject({ kind: 'java', maven: null, redis: null })
})
