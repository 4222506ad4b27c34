import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { kafkaProperties } from '../../../connectors/stack/kafka-properties.ts'
import { serverEnvironment } from '../../../connectors/stack/server-environment.ts'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

test('Kafka listens on loopback only, and a property of the caller wins', () => {
  const overrides = { 'num.io.threads': '8' }
  const lines = kafkaProperties({ port: 1, controllerPort: 2, logDir: 'C:\\data', overrides }).split('\n')
  expect(lines).toContain('listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2')
  expect(lines).toContain('log.dirs=C:/data')
  expect(lines.filter((line) => line.startsWith('num.io.threads'))).toEqual(['num.io.threads=8'])
})

test('servers get no settings that were meant for other servers', () => {
  const env = {
    PATH: '/bin',
    KAFKA_OPTS: 'x',
    QUARKUS_HTTP_PORT: '1',
    REDIS_URL: 'r',
    NODE_OPTIONS: 'x',
    NONE: undefined,
  }
  expect(serverEnvironment(env)).toEqual({ PATH: '/bin' })
})

test('the versions of pom.xml, the cache folders and docker-compose.yml agree, and every published port is loopback', () => {
  const artifacts = read('connectors/stack/artifacts.ts')
  const pom = read('connectors/stack/pom.xml')
  const compose = read('docker-compose.yml')
  const versionOf = (artifact: string) => new RegExp(`${artifact}</artifactId>\\s*<version>([^<]+)`).exec(pom)?.[1]
  expect(artifacts).toContain(`kafka: 'kafka-${versionOf('kafka_2.13')}'`)
  expect(artifacts).toContain(`registry: 'apicurio-registry-${versionOf('apicurio-registry-app')}'`)
  expect(artifacts).toContain(`redis: 'embedded-redis-${versionOf('embedded-redis')}'`)
  expect(compose).toContain(`apache/kafka:${versionOf('kafka_2.13')}\n`)
  expect(compose).toContain(`apicurio/apicurio-registry:${versionOf('apicurio-registry-app')}\n`)
  const published = compose.split('\n').filter((line) => /^ +- ".*_PORT:-\d+}:/.test(line))
  expect(published).toHaveLength(3)
  expect(published.every((line) => line.includes('"127.0.0.1:'))).toBe(true)
})
