import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { startStack } from '../../connectors/stack/stack.ts'
import type { RunningServer, ServerName, Stack, StackOptions } from '../../connectors/stack/types.ts'
import { servers } from './servers.ts'
import { registerSchema, schemaOf, withAdmin, withRedis } from './stack-clients.ts'

// Each test starts stacks of its own: they are killed, restarted and started over the same folder.
const { KAFKA_BROKERS: _k, SCHEMA_REGISTRY_URL: _s, REDIS_URL: _r, ...env } = process.env
const started: Stack[] = []
const folders: string[] = []

async function start(options: StackOptions = {}): Promise<Stack> {
  const stack = await startStack({ env, only: 'java', ...options })
  started.push(stack)
  return stack
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'everscore-test-'))
  folders.push(folder)
  return folder
}

function serverOf(stack: Stack, name: ServerName): RunningServer {
  return stack.servers.find((server) => server.name === name)!
}

const probeTopic = { topics: [{ topic: 'probe', numPartitions: 3 }] }

afterEach(async () => {
  for (const stack of started.splice(0)) await stack.stop()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

describe('a temporary stack', () => {
  test('keeps topics, schema ids and keys over ordered restarts, and topics and schema ids over SIGKILL', async () => {
    const stack = await start()
    expect(stack.servers.map(({ name }) => name)).toEqual(['kafka', 'registry', 'redis'])
    await withAdmin(stack.kafkaBrokers, (admin) => admin.createTopics(probeTopic))
    const first = await registerSchema(stack.schemaRegistryUrl, 'probe-value', 'a')
    await withRedis(stack.redisUrl, (redis) => redis.set('probe', 'kept'))

    await Promise.all(stack.servers.map((server) => server.restart()))
    expect(await withAdmin(stack.kafkaBrokers, (admin) => admin.listTopics())).toContain('probe')
    expect(await schemaOf(stack.schemaRegistryUrl, first)).toContain('"a"')
    expect(await withRedis(stack.redisUrl, (redis) => redis.get('probe'))).toBe('kept')

    const second = await registerSchema(stack.schemaRegistryUrl, 'other-value', 'b')
    const kafkaPid = serverOf(stack, 'kafka').pid
    await Promise.all(stack.servers.map((server) => server.kill('SIGKILL')))
    expect(stack.servers.map(({ pid }) => pid)).toEqual([null, null, null])
    await Promise.all(stack.servers.map((server) => server.restart()))
    expect(serverOf(stack, 'kafka').pid).not.toBe(kafkaPid)
    expect(await withAdmin(stack.kafkaBrokers, (admin) => admin.listTopics())).toContain('probe')
    expect(await schemaOf(stack.schemaRegistryUrl, second)).toContain('"b"')
    expect(await withRedis(stack.redisUrl, (redis) => redis.config('GET', 'maxmemory-policy'))).toContain('noeviction')
  })

  test('a paused broker answers again when continued', async () => {
    const stack = await start({
      env: { ...env, REDIS_URL: servers().redisUrl, SCHEMA_REGISTRY_URL: servers().schemaRegistryUrl },
    })
    const kafka = serverOf(stack, 'kafka')
    await kafka.kill('SIGSTOP')
    await kafka.kill('SIGCONT')
    expect(await withAdmin(stack.kafkaBrokers, (admin) => admin.listTopics())).toEqual([])
  })
})

describe('a kept data folder', () => {
  test('holds topics, schema ids and keys for the next run, and refuses a second run meanwhile', async () => {
    const dataDir = newFolder()
    const first = await start({ dataDir })
    await withAdmin(first.kafkaBrokers, (admin) => admin.createTopics(probeTopic))
    const id = await registerSchema(first.schemaRegistryUrl, 'probe-value', 'a')
    await withRedis(first.redisUrl, (redis) => redis.set('probe', 'kept'))
    await expect(startStack({ env, dataDir, only: 'java' })).rejects.toMatchObject({
      code: 'DATA_DIR_IN_USE',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await first.stop()

    const second = await start({ dataDir })
    expect(await withAdmin(second.kafkaBrokers, (admin) => admin.listTopics())).toContain('probe')
    expect(await schemaOf(second.schemaRegistryUrl, id)).toContain('"a"')
    expect(await withRedis(second.redisUrl, (redis) => redis.get('probe'))).toBe('kept')
  })
})

describe('addresses and ports', () => {
  test('uses the addresses of the environment and starts only what they lack', async () => {
    const given = { KAFKA_BROKERS: servers().kafkaBrokers, SCHEMA_REGISTRY_URL: servers().schemaRegistryUrl }
    const stack = await start({ env: { ...env, ...given } })
    expect(stack.servers.map(({ name, kind }) => `${name} ${kind === 'given'}`)).toEqual([
      'kafka true',
      'registry true',
      'redis false',
    ])
    expect(stack.env()).toMatchObject(given)
    expect(await withRedis(stack.redisUrl, (redis) => redis.ping())).toBe('PONG')
  })

  test('names the variable when nothing answers at a given address', async () => {
    const given = {
      KAFKA_BROKERS: '127.0.0.1:1',
      SCHEMA_REGISTRY_URL: servers().schemaRegistryUrl,
      REDIS_URL: servers().redisUrl,
    }
    await expect(startStack({ env: { ...env, ...given } })).rejects.toMatchObject({
      code: 'SERVER_FAILED',
      message: 'KAFKA_BROKERS is set, but nothing takes connections at 127.0.0.1:1',
    })
  })

  test('names port and option when a port that was asked for is taken', async () => {
    const blocker = createServer()
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
    const { port } = blocker.address() as { port: number }
    try {
      await expect(startStack({ env, only: 'java', ports: { registry: port } })).rejects.toMatchObject({
        code: 'PORT_IN_USE',
        message: expect.stringMatching(new RegExp(`port ${port}.*--registry-port.*SCHEMA_REGISTRY_URL`)),
      })
    } finally {
      await new Promise((resolve) => blocker.close(resolve))
    }
  })

  test('leaves nothing behind when one server cannot start, and quotes its reason', async () => {
    const temporary = join(newFolder(), 'tmp')
    mkdirSync(temporary)
    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = temporary
    try {
      const kafkaProperties = { 'num.io.threads': 'nonsense' }
      await expect(startStack({ env, only: 'java', kafkaProperties })).rejects.toMatchObject({
        code: 'SERVER_FAILED',
        message: expect.stringContaining('Invalid value nonsense'),
      })
      expect(readdirSync(temporary)).toEqual([])
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
  })

  test('an abort stops what has started', async () => {
    const stopping = new AbortController()
    const log = (line: string) => {
      if (line.startsWith('Redis answers')) stopping.abort(new Error('stopped by the test'))
    }
    await expect(startStack({ env, only: 'java', log, signal: stopping.signal })).rejects.toThrow('stopped by the test')
  })
})
