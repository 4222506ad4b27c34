import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../runtime/config.ts'
import { initialise } from '../../runtime/init.ts'
import { interactionSchema } from '../../schemas/avro/interaction.ts'
import { DEFAULT_SETTINGS } from '../../schemas/settings.ts'
import { TOPICS, type TopicSpec } from '../../schemas/topics.ts'
import { withAdmin, withRedis } from './stack-clients.ts'
import { readCustomers } from './support/check-results.ts'
import { type Installation, initialiseWith, installationEnv, makeInstallation } from './support/installation.ts'
import { runCommand } from './support/run-command.ts'
import { waitFor } from './support/wait-for.ts'
import { startWorker, untilProcessed } from './support/workers.ts'

const SPECS: readonly TopicSpec[] = Object.values(TOPICS)
let env: Record<string, string>
let made: Installation[] = []

beforeEach(() => {
  env = installationEnv()
})

afterEach(async () => {
  for (const installation of made) await installation.close()
  made = []
  const topics = SPECS.map(({ name }) => env['TOPIC_PREFIX'] + name)
  await withAdmin(env['KAFKA_BROKERS']!, async (admin) => {
    const existing = await admin.listTopics()
    await admin.deleteTopics({ topics: topics.filter((topic) => existing.includes(topic)) })
  })
})

async function installed(options: { settings?: object } = {}): Promise<Installation> {
  const installation = await makeInstallation({ env, ...options })
  made.push(installation)
  return installation
}

test('creates every topic of the catalogue with its partitions and settings, and every schema', async () => {
  const report = await initialise(readConfig(env), null)
  const topics = SPECS.map(({ name }) => env['TOPIC_PREFIX'] + name)
  expect(report.topics.map(({ topic, action }) => [topic, action])).toEqual(topics.map((topic) => [topic, 'created']))
  await withAdmin(env['KAFKA_BROKERS']!, async (admin) => {
    const { topics: found } = await admin.fetchTopicMetadata({ topics })
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: 2, name })),
    })
    for (const spec of SPECS) {
      const topic = env['TOPIC_PREFIX'] + spec.name
      const partitions = found.find(({ name }) => name === topic)!.partitions.length
      expect(partitions, topic).toBe(spec.partitions === 'data' ? 3 : spec.partitions)
      const { configEntries } = resources.find(({ resourceName }) => resourceName === topic)!
      const actual = new Map(configEntries.map(({ configName, configValue }) => [configName, configValue]))
      for (const [name, value] of Object.entries(spec.config))
        expect([topic, name, actual.get(name)]).toEqual([topic, name, value])
    }
  })
  const registered = SPECS.filter(({ schema }) => schema !== null).map(({ name }) => name)
  expect(Object.keys(report.schemas)).toEqual(registered)
  for (const name of registered) {
    const response = await fetch(
      `${env['SCHEMA_REGISTRY_URL']}/subjects/${env['TOPIC_PREFIX']}${name}-value/versions/latest`,
    )
    expect(await response.json()).toMatchObject({ id: report.schemas[name] })
  }
  await withRedis(env['REDIS_URL']!, async (redis) => {
    expect(await redis.hget(`${env['TOPIC_PREFIX']}everscore:meta`, 'partitions')).toBe('3')
  })
})

test('may be run again: it finds everything as it should be', async () => {
  const first = await initialise(readConfig(env), null)
  const second = await initialise(readConfig(env), null)
  expect(second.schemas).toEqual(first.schemas)
  expect(new Set(second.topics.map(({ action }) => action))).toEqual(new Set(['checked']))
  expect(second.topics.flatMap(({ differences }) => differences)).toEqual([])
})

test('two at the same time are as good as one', async () => {
  const reports = await Promise.all([initialise(readConfig(env), null), initialise(readConfig(env), null)])
  expect(reports[0]!.schemas).toEqual(reports[1]!.schemas)
})

test('topics that are missing are added, and settings that differ are named', async () => {
  await initialise(readConfig(env), null)
  const outcomes = `${env['TOPIC_PREFIX']}outcomes`
  const customers = `${env['TOPIC_PREFIX']}customers`
  await withAdmin(env['KAFKA_BROKERS']!, async (admin) => {
    await admin.deleteTopics({ topics: [outcomes] })
    await waitFor('the topic to be gone', async () => !(await admin.listTopics()).includes(outcomes))
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name: customers, configEntries: [{ name: 'cleanup.policy', value: 'delete' }] }],
    })
  })
  await waitFor('the setting to be in force', async () => {
    const { topics } = await initialise(readConfig(env), null)
    return topics
      .find(({ topic }) => topic === customers)!
      .differences.includes('cleanup.policy is delete, not compact')
  })
  await withAdmin(env['KAFKA_BROKERS']!, async (admin) => expect(await admin.listTopics()).toContain(outcomes))
})

test('another number of partitions is refused, with what can be done', async () => {
  await initialise(readConfig(env), null)
  await expect(initialise(readConfig({ ...env, PARTITIONS: '4' }), null)).rejects.toMatchObject({
    code: 'TOPIC_MISMATCH',
    message: expect.stringMatching(
      /has 3 partitions, PARTITIONS asks for 4: set PARTITIONS=3, or use a new TOPIC_PREFIX/,
    ),
    details: { field: 'PARTITIONS', found: 3, wanted: 4 },
  })
})

test('a schema that breaks the one registered before is refused with the registry’s reason', async () => {
  const { registry } = await installed()
  await expect(
    registry.register(`${env['TOPIC_PREFIX']}interactions-value`, {
      ...interactionSchema,
      fields: [...interactionSchema.fields, { name: 'mustHave', type: 'string' }],
    }),
  ).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE', message: expect.stringMatching(/mustHave|ncompatible/) })
})

describe('a settings file', () => {
  test.each<[string, unknown, string, RegExp]>([
    ['a field that is none', { acme: { curency: 'GBP' } }, 'curency', /acme.*curency is not a setting/],
    ['a value out of range', { acme: { margins: { lead: 2 } } }, 'margins.lead', /acme.*margins\.lead/],
    ['edges that do not ascend', { acme: { thresholds: { churn: [0.6, 0.25] } } }, 'thresholds.churn', /must ascend/],
    ['a tenant that can not be', { 'the shop': {} }, 'the shop', /the shop/],
  ])('%s is named, and nothing is created', async (_name, settings, field, message) => {
    await expect(initialiseWith(readConfig(env), settings)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field },
      message: expect.stringMatching(message),
    })
    await withAdmin(env['KAFKA_BROKERS']!, async (admin) => {
      const mine = (await admin.listTopics()).filter((topic) => topic.startsWith(env['TOPIC_PREFIX']!))
      expect(mine).toEqual([])
    })
  })

  test.each([
    ['no JSON', '{ acme: }'],
    ['no object', '[]'],
  ])('that is %s is refused by its name', async (_name, text) => {
    await expect(initialiseWith(readConfig(env), text)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/settings\.json/),
    })
  })

  test('reaches scoring, also while the worker is at work, and the records name its version', async () => {
    const installation = await installed({ settings: { acme: { version: 7, reasons: 1 } } })
    const { worker } = await startWorker(installation)
    const write = async (eventId: string, tenantId: string): Promise<void> => {
      const base = { eventId, tenantId, customerId: 'c-1', occurredAt: Date.now() - 60_000 }
      const rest = { type: 'demo_request', channel: null, itemId: null, durationMs: null, properties: {} }
      await installation.sink.write([{ topic: 'interactions', event: { ...base, ...rest } }])
      await untilProcessed(installation)
    }
    const customerOf = async (eventId: string) =>
      (await readCustomers(installation)).find(({ customer }) => customer?.eventId === eventId)!.customer!
    try {
      await write('with settings', 'acme')
      await write('without', 'globex')
      expect(await customerOf('with settings')).toMatchObject({
        settingsVersion: 7,
        lead: { reasons: [expect.anything()] },
      })
      const other = await customerOf('without')
      expect(other.settingsVersion).toBe(0)
      expect(other.lead.reasons.length).toBeGreaterThan(1)
      expect(other.lead.reasons.length).toBeLessThanOrEqual(DEFAULT_SETTINGS.reasons)

      await installation.init({ acme: { version: 8, reasons: 0 } })
      let tries = 0
      await waitFor('the new settings to be used', async () => {
        const eventId = `try ${tries++}`
        await write(eventId, 'acme')
        return (await customerOf(eventId)).settingsVersion === 8
      })
      expect((await customerOf(`try ${tries - 1}`)).lead.reasons).toEqual([])
    } finally {
      await worker.stop()
    }
  })
})

describe('the commands', () => {
  test('init says what it did', async () => {
    const { code, stdout } = await runCommand(['init'], env)
    expect(code).toBe(0)
    expect(stdout).toContain(`topic ${env['TOPIC_PREFIX']}customers: created`)
    expect(stdout).toMatch(/schema customers-value: id \d+/)
  })

  test.each(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'REDIS_URL'])(
    'init without %s says so by its name',
    async (name) => {
      const { [name]: _missing, ...rest } = env
      const { code, stderr } = await runCommand(['init'], rest)
      expect(code).toBe(1)
      expect(stderr).toContain(name)
      expect(stderr).toContain('CONFIG_INVALID')
    },
  )

  test('a worker before init says which topic is missing and what to do, and ends', async () => {
    const { code, stderr } = await runCommand(['worker'], env)
    expect(code).toBe(1)
    expect(stderr).toMatch(/everscore init/)
    expect(stderr).toContain(env['TOPIC_PREFIX'])
  })
})
