import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApi } from '../../bin/api.ts'
import { readConfig } from '../../runtime/config.ts'
import { skipRecord } from '../../runtime/skip-record.ts'
import { interactionSchema } from '../../schemas/avro/interaction.ts'
import { transactionSchema } from '../../schemas/avro/transaction.ts'
import { toAvsc } from '../../schemas/avsc.ts'
import { COUNTED, COUNTER_WIDTH } from '../../schemas/customer-state.ts'
import { customerKey, partitionOf } from '../../schemas/partition.ts'
import { decodeState } from '../../schemas/state-codec.ts'
import type { InputTopic } from '../../schemas/topics.ts'
import { readCustomers } from './support/check-results.ts'
import { type ForeignWriter, foreignWriter, misleadingRegistry, setCompatibility } from './support/foreign-writer.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'
import { type RunningWorker, startWorker, untilProcessed } from './support/workers.ts'

const NOW = Date.now()

interface AvroField {
  readonly name: string
  readonly type: unknown
  readonly default?: unknown
}

/** Our schema with other fields: left out (null), of another type, or more of them. */
function changed(schema: object, fields: Readonly<Record<string, AvroField | null>>): object {
  const ours = (schema as { fields: readonly AvroField[] }).fields
  const known = ours.flatMap((field) => (field.name in fields ? (fields[field.name] ?? []) : field))
  const more = Object.entries(fields).flatMap(([name, field]) =>
    field === null || ours.some((each) => each.name === name) ? [] : field,
  )
  return { ...schema, fields: [...known, ...more] }
}

const interactions = toAvsc(interactionSchema) as object
const transactions = toAvsc(transactionSchema) as object

let installation: Installation
let running: RunningWorker

const subjectOf = (topic: InputTopic): string => `${installation.topic(topic)}-value`
const writerOf = (subject: string, schema: object): Promise<ForeignWriter> =>
  foreignWriter({ registryUrl: installation.config.SCHEMA_REGISTRY_URL, subject, schema })

async function write(topic: InputTopic, customerId: string, value: Buffer): Promise<void> {
  const key = Buffer.from(customerKey('shop', customerId))
  await installation.produce([{ topic: installation.topic(topic), key, value, timestamp: NOW }])
}

beforeAll(async () => {
  installation = await makeInstallation()
  running = await startWorker(installation, { PAUSED_RETRY_MS: '200' })
})

afterAll(async () => {
  await running.worker.stop()
  await installation.close()
})

const interaction = { tenantId: 'shop', type: 'product_view', channel: null, itemId: null, durationMs: null }
const purchase = { tenantId: 'shop', type: 'PURCHASE', orderId: null, currency: 'GBP', lines: [], properties: {} }

test('records of older, newer and our own schemas, mixed, are read right by one worker', async () => {
  const writers: { topic: InputTopic; writer: ForeignWriter; value: object }[] = [
    // The fields that were added since have defaults.
    {
      topic: 'interactions',
      writer: await writerOf(
        subjectOf('interactions'),
        changed(interactions, { channel: null, itemId: null, durationMs: null, properties: null }),
      ),
      value: interaction,
    },
    // A field with a default that we no longer have: the bytes hold it in the midst of others.
    {
      topic: 'interactions',
      writer: await writerOf(
        subjectOf('interactions'),
        changed(interactions, {
          channel: { name: 'campaign', type: 'string', default: '' },
          properties: { name: 'referrer', type: ['null', 'string'], default: null },
        }),
      ),
      value: { ...interaction, campaign: 'spring', referrer: 'https://shop.example/' },
    },
    // A newer application, which has an optional field that we don't know yet.
    {
      topic: 'interactions',
      writer: await writerOf(
        subjectOf('interactions'),
        changed(interactions, { deviceId: { name: 'deviceId', type: ['null', 'string'], default: null } }),
      ),
      value: { ...interaction, properties: { page: '/' }, deviceId: 'd-77' },
    },
    // An int that became a long. The registry refuses it under FULL_TRANSITIVE; a reader of the long can do with both.
    {
      topic: 'transactions',
      writer: await writerOf(
        `${subjectOf('transactions')}-before`,
        changed(transactions, { amountMinor: { name: 'amountMinor', type: 'int' } }),
      ),
      value: { ...purchase, amountMinor: 1_250 },
    },
    {
      topic: 'transactions',
      writer: await writerOf(
        subjectOf('transactions'),
        changed(transactions, { channel: { name: 'channel', type: ['null', 'string'], default: null } }),
      ),
      value: { ...purchase, amountMinor: 5_000_000_000, channel: 'web' },
    },
    {
      topic: 'interactions',
      writer: await writerOf(subjectOf('interactions'), interactions),
      value: { ...interaction, properties: {} },
    },
    {
      topic: 'transactions',
      writer: await writerOf(subjectOf('transactions'), transactions),
      value: { ...purchase, amountMinor: 7 },
    },
  ]
  const ids = new Set(writers.map(({ writer }) => writer.id))
  expect(ids.size).toBe(writers.length)

  const customers = Array.from({ length: 6 }, (_, i) => `evolved-${i}`)
  const rounds = 3
  for (let round = 0; round < rounds; round++) {
    for (const [i, { topic, writer, value }] of writers.entries()) {
      for (const customerId of customers) {
        const eventId = `${customerId}-${round}-${i}`
        await write(topic, customerId, writer.encode({ ...value, customerId, eventId, occurredAt: NOW }))
      }
    }
  }
  await untilProcessed(installation)

  const records = await readCustomers(installation)
  expect(records.length).toBe(rounds * writers.length * customers.length)
  expect(await installation.read('dead-letters')).toEqual([])
  for (const customerId of customers) {
    const last = records.findLast(({ customer }) => customer!.customerId === customerId)!.customer!
    expect(last.rfm).toMatchObject({ frequency: 3 * rounds, monetaryMinor: rounds * (1_250 + 5_000_000_000 + 7) })
    const state = decodeState(last.state)
    expect(state.counted).toBe(1 << COUNTED.indexOf('product_view'))
    expect(state.counters.slice(0, COUNTER_WIDTH)).toEqual(Array(COUNTER_WIDTH).fill(4 * rounds))
  }
})

test('the registry refuses a schema that either side could not read', async () => {
  const noDefault = changed(interactions, { deviceId: { name: 'deviceId', type: 'string' } })
  await expect(writerOf(subjectOf('interactions'), noDefault)).rejects.toThrow(/409/)
  const otherType = changed(transactions, { amountMinor: { name: 'amountMinor', type: 'string' } })
  await expect(writerOf(subjectOf('transactions'), otherType)).rejects.toThrow(/409/)
})

describe('a schema that got in because somebody switched compatibility off', () => {
  const good = (customerId: string, eventId: string) => ({
    topic: 'interactions' as const,
    event: { ...interaction, customerId, eventId, occurredAt: NOW, properties: {} },
  })
  const home = (customerId: string): number => partitionOf(Buffer.from(customerKey('shop', customerId)), PARTITIONS)
  const scored = async (): Promise<string[]> =>
    (await readCustomers(installation)).map(({ customer }) => customer!.eventId)
  const task = (partition: number) => running.worker.tasks.find((each) => each.partition === partition)!
  const reports = () => running.log.filter(({ code }) => code === 'SCHEMA_INCOMPATIBLE')
  const ids = Array.from({ length: 20 }, (_, i) => `stuck-${i}`)
  const stuck = home('stuck-0')
  let offset = 0

  beforeAll(async () => {
    const subject = subjectOf('interactions')
    await setCompatibility(installation.config.SCHEMA_REGISTRY_URL, subject, 'NONE')
    const broken = changed(interactions, { occurredAt: { name: 'occurredAt', type: 'string' } })
    const writer = await writerOf(subject, broken)
    await setCompatibility(installation.config.SCHEMA_REGISTRY_URL, subject, 'FULL_TRANSITIVE')
    const before = await installation.read('interactions')
    await installation.sink.write(ids.map((id) => good(id, `before-${id}`)))
    offset = [...before, ...(await installation.read('interactions'))]
      .filter(({ partition }) => partition === stuck)
      .reduce((next, record) => Math.max(next, record.offset + 1), 0)
    const value = writer.encode({ ...good('stuck-0', 'unreadable').event, occurredAt: 'yesterday' })
    await write('interactions', 'stuck-0', value)
    await installation.sink.write(ids.map((id) => good(id, `after-${id}`)))
    await waitFor('the partition to pause', () => task(stuck).failure?.code === 'SCHEMA_INCOMPATIBLE')
  })

  test('pauses its own partition, after what stands before it; the others go on', async () => {
    const others = ids.filter((id) => home(id) !== stuck)
    expect(others.length).toBeGreaterThan(0)
    await waitFor('the other partitions', async () => {
      const done = new Set(await scored())
      return others.every((id) => done.has(`after-${id}`))
    })
    const done = new Set(await scored())
    for (const id of ids) expect([id, done.has(`before-${id}`)]).toEqual([id, true])
    for (const id of ids) expect([id, done.has(`after-${id}`)]).toEqual([id, home(id) !== stuck])
    expect(await installation.read('dead-letters')).toEqual([])
  })

  test('is reported once, with the record, however often it is tried again, and health shows it', async () => {
    const before = running.worker.counters.takeovers
    await waitFor('three more tries', () => running.worker.counters.takeovers >= before + 3)
    expect(reports()).toEqual([
      expect.objectContaining({
        level: 'error',
        topic: 'interactions',
        partition: stuck,
        offset,
        schemaId: expect.any(Number),
        message: expect.stringContaining(`interactions at offset ${offset}`),
      }),
    ])
    const api = await openApi(readConfig({ ...installation.env, PORT: '0' }), () => {})
    try {
      await waitFor('health to say so', async () => {
        const health = (await (await fetch(`${api.url}/health`)).json()) as {
          status: string
          dependencies: { workers: { failing: { partition: number; code: string }[] } }
        }
        const [failing] = health.dependencies.workers.failing
        return health.status === 'degraded' && failing?.partition === stuck && failing.code === 'SCHEMA_INCOMPATIBLE'
      })
    } finally {
      await api.close()
    }
  })

  test('no record but the one it stands at can be skipped', async () => {
    for (const wrong of [offset - 1, offset + 1]) {
      const place = { topic: 'interactions', partition: stuck, offset: wrong } as const
      await expect(skipRecord(installation.config, place, Date.now)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringContaining(`stands at offset ${offset}`),
      })
    }
  })

  test('goes on when the record is skipped, which keeps it as a dead letter', async () => {
    await skipRecord(installation.config, { topic: 'interactions', partition: stuck, offset }, Date.now)
    await untilProcessed(installation)
    const done = await scored()
    expect(done.filter((id) => id.startsWith('after-')).toSorted()).toEqual(ids.map((id) => `after-${id}`).toSorted())
    const [letter, ...more] = await installation.read('dead-letters')
    expect(more).toEqual([])
    expect(letter).toMatchObject({ key: 'shop/stuck-0', partition: stuck })
    expect(letter!.headers).toMatchObject({ stage: 'operator', reason: 'SKIPPED', offset: String(offset) })
    const [original] = (await installation.read('interactions')).filter(
      (record) => record.partition === stuck && record.offset === offset,
    )
    expect(letter!.value!.equals(original!.value!)).toBe(true)
    await waitFor('health to be well', () => task(stuck).failure === null)
    expect(reports()).toHaveLength(1)
  })
})

test('a schema that could not be read is read by the workers that are started once it can', async () => {
  // As after a registry was restored without the schemas that records carry, and mended later.
  const spoiled = await makeInstallation()
  const subject = `${spoiled.topic('interactions')}-value`
  const registry = await misleadingRegistry(spoiled.config.SCHEMA_REGISTRY_URL)
  try {
    const schema = changed(interactions, { extra: { name: 'extra', type: ['null', 'string'], default: null } })
    const writer = await foreignWriter({ registryUrl: spoiled.config.SCHEMA_REGISTRY_URL, subject, schema })
    registry.spoil(writer.id)
    const event = { ...interaction, customerId: 'c', eventId: 'e-1', occurredAt: NOW, properties: {}, extra: 'x' }
    const key = Buffer.from('shop/c')
    await spoiled.produce([{ topic: spoiled.topic('interactions'), key, value: writer.encode(event), timestamp: NOW }])
    const first = await startWorker(spoiled, { SCHEMA_REGISTRY_URL: registry.url })
    await waitFor('its partition to pause', () =>
      first.worker.tasks.some(({ failure }) => failure?.code === 'SCHEMA_INCOMPATIBLE'),
    )
    await first.worker.stop()
    expect(await readCustomers(spoiled)).toEqual([])
    const second = await startWorker(spoiled)
    await untilProcessed(spoiled)
    await second.worker.stop()
    expect((await readCustomers(spoiled)).map(({ customer }) => customer!.eventId)).toEqual(['e-1'])
    expect(await spoiled.read('dead-letters')).toEqual([])
  } finally {
    await registry.close()
    await spoiled.close()
  }
})
