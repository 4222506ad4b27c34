import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Interaction } from '../../schemas/avro/interaction.ts'
import type { Profile } from '../../schemas/avro/profile.ts'
import type { Survey } from '../../schemas/avro/survey.ts'
import type { Transaction } from '../../schemas/avro/transaction.ts'
import type { AvroCodec } from '../../schemas/codec.ts'
import { customerKey, partitionOf } from '../../schemas/partition.ts'
import { INPUT_TOPICS, type InputTopic, TOPICS } from '../../schemas/topics.ts'
import { registerSchema } from './stack-clients.ts'
import { expectViewEqualsLog, readCustomers } from './support/check-results.ts'
import { type Installation, makeInstallation, PARTITIONS } from './support/installation.ts'
import type { TopicRecord } from './support/read-topic.ts'
import { type RunningWorker, startWorker, untilConfirmed, untilProcessed } from './support/workers.ts'

const DAY_MS = 86_400_000
const NOW = Date.now()

interface BadRecord {
  readonly name: string
  readonly topic: InputTopic
  readonly key: string | Buffer
  readonly value: Buffer | null
  readonly partition?: number
  readonly stage: string
  readonly reason: string
  /** What the error text must name. */
  readonly error: RegExp
}

let installation: Installation
let running: RunningWorker
let letters: TopicRecord[]
let bad: BadRecord[]
const goodIds: string[] = []

const ids = {
  slashes: 'a/b//c/',
  braces: '{tag}{0}',
  emoji: '👩‍👩‍👧 😀',
  spaces: ' leading and trailing ',
  proto: '__proto__',
  longest: 'é'.repeat(256),
} as const

const interaction = (fields: Partial<Interaction> = {}): Interaction => ({
  eventId: 'bad',
  tenantId: 'shop',
  customerId: 'c-1',
  type: 'page_view',
  occurredAt: NOW,
  channel: null,
  itemId: null,
  durationMs: null,
  properties: {},
  ...fields,
})

const transaction = (fields: Partial<Transaction> = {}): Transaction => ({
  eventId: 'bad',
  tenantId: 'shop',
  customerId: 'c-1',
  type: 'PURCHASE',
  occurredAt: NOW,
  orderId: null,
  currency: 'GBP',
  amountMinor: 100,
  lines: [],
  properties: {},
  ...fields,
})

const survey = (fields: Partial<Survey> = {}): Survey => ({
  eventId: 'bad',
  tenantId: 'shop',
  customerId: 'c-1',
  kind: 'NPS',
  score: 9,
  occurredAt: NOW,
  comment: null,
  attributes: {},
  ...fields,
})

const profile = (fields: Partial<Profile> = {}): Profile => ({
  eventId: 'bad',
  tenantId: 'shop',
  customerId: 'c-1',
  occurredAt: NOW,
  traits: {},
  ...fields,
})

async function codecs(): Promise<Record<InputTopic, AvroCodec<object>>> {
  const all = {} as Record<InputTopic, AvroCodec<object>>
  for (const topic of INPUT_TOPICS) {
    const id = await installation.registry.register(`${installation.topic(topic)}-value`, TOPICS[topic].schema!)
    all[topic] = installation.codec<object>(topic).useId(id)
  }
  return all
}

async function badRecords(): Promise<BadRecord[]> {
  const { interactions, transactions, surveys, profiles } = await codecs()
  const { schemaRegistryUrl } = { schemaRegistryUrl: installation.config.SCHEMA_REGISTRY_URL }
  const foreign = await registerSchema(schemaRegistryUrl, `${installation.topic('interactions')}-foreign`, 'probe')
  const whole = interactions.encode(interaction())
  const key = 'shop/c-1'
  const own = partitionOf(Buffer.from(key), PARTITIONS)
  const withId = (id: number, bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes)
    copy.writeInt32BE(id, 1)
    return copy
  }
  const decode = { topic: 'interactions', key, stage: 'decode' } as const
  const validate = { stage: 'validate-event', key } as const
  const longId = 'x'.repeat(10_000)
  return [
    { ...decode, name: 'an empty value', value: Buffer.alloc(0), reason: 'EMPTY_VALUE', error: /empty/ },
    {
      ...decode,
      name: 'a value shorter than its header',
      value: whole.subarray(0, 4),
      reason: 'NOT_WIRE_FORMAT',
      error: /wire format/,
    },
    { ...decode, name: 'JSON', value: Buffer.from('{"eventId":"e"}'), reason: 'NOT_WIRE_FORMAT', error: /wire format/ },
    { ...decode, name: 'a truncated value', value: whole.subarray(0, -3), reason: 'TRUNCATED', error: /truncated/ },
    {
      ...decode,
      name: 'bytes after the record',
      value: Buffer.concat([whole, whole]),
      reason: 'TRAILING_BYTES',
      error: /after the end/,
    },
    {
      ...decode,
      name: 'a map that claims to have 2^50 entries',
      value: Buffer.concat([whole.subarray(0, -1), Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x04])]),
      reason: 'TRUNCATED',
      error: /truncated/,
    },
    {
      ...decode,
      name: 'a record of somebody else’s schema',
      value: Buffer.concat([withId(foreign, Buffer.from([0, 0, 0, 0, 0])), Buffer.from([14])]),
      reason: 'SCHEMA_FOREIGN',
      error: /Probe/,
    },
    {
      ...decode,
      name: 'a survey among the interactions',
      value: surveys.encode(survey()),
      reason: 'SCHEMA_FOREIGN',
      error: /Survey/,
    },
    {
      ...decode,
      name: 'a schema id that is unknown',
      value: withId(999_999, whole),
      reason: 'SCHEMA_UNKNOWN',
      error: /999999/,
    },
    { ...decode, name: 'a null value', value: null, reason: 'NULL_VALUE', error: /null on interactions/ },
    {
      ...validate,
      name: 'an NPS of 11',
      topic: 'surveys',
      value: surveys.encode(survey({ score: 11 })),
      reason: 'SCORE_OUT_OF_RANGE',
      error: /score 11 of NPS/,
    },
    {
      ...validate,
      name: 'a CSAT of 0',
      topic: 'surveys',
      value: surveys.encode(survey({ kind: 'CSAT', score: 0 })),
      reason: 'SCORE_OUT_OF_RANGE',
      error: /score 0 of CSAT/,
    },
    {
      ...validate,
      name: 'a negative amount',
      topic: 'transactions',
      value: transactions.encode(transaction({ amountMinor: -5 })),
      reason: 'AMOUNT_INVALID',
      error: /amountMinor -5/,
    },
    {
      ...validate,
      name: 'a currency that is none',
      topic: 'transactions',
      value: transactions.encode(transaction({ currency: '£' })),
      reason: 'CURRENCY_INVALID',
      error: /currency/,
    },
    {
      ...validate,
      name: 'the year 1900',
      topic: 'interactions',
      value: interactions.encode(interaction({ occurredAt: Date.UTC(1900, 0, 1) })),
      reason: 'OCCURRED_AT_TOO_EARLY',
      error: /occurredAt/,
    },
    {
      ...validate,
      name: 'the year 3000',
      topic: 'interactions',
      value: interactions.encode(interaction({ occurredAt: Date.UTC(3000, 0, 1) })),
      reason: 'OCCURRED_AT_TOO_FAR_AHEAD',
      error: /occurredAt/,
    },
    {
      ...validate,
      name: 'a time that is no date',
      topic: 'interactions',
      value: interactions.encode(interaction({ occurredAt: 2 ** 53 - 2 })),
      reason: 'OCCURRED_AT_TOO_FAR_AHEAD',
      error: /occurredAt/,
    },
    {
      ...validate,
      name: 'a duration below zero',
      topic: 'interactions',
      value: interactions.encode(interaction({ durationMs: -1 })),
      reason: 'DURATION_INVALID',
      error: /durationMs -1/,
    },
    {
      ...validate,
      name: 'a trait that is not a number',
      topic: 'profiles',
      value: profiles.encode(profile({ traits: { seats: Number.NaN } })),
      reason: 'TRAIT_NOT_FINITE',
      error: /"seats"/,
    },
    {
      ...validate,
      name: 'a trait without a name',
      topic: 'profiles',
      value: profiles.encode(profile({ traits: { '': 1 } })),
      reason: 'TRAIT_NAME_INVALID',
      error: /name/,
    },
    {
      stage: 'update-features',
      name: 'more traits than a customer may have',
      topic: 'profiles',
      key,
      value: profiles.encode(
        profile({ traits: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`t${i}`, i])) }),
      ),
      reason: 'TRAITS_EXCEEDED',
      error: /traits/,
    },
    {
      ...validate,
      name: 'an event without an id',
      topic: 'interactions',
      value: interactions.encode(interaction({ eventId: '' })),
      reason: 'EVENT_ID_INVALID',
      error: /eventId/,
    },
    {
      ...validate,
      name: 'a customer id of 10 kB',
      topic: 'interactions',
      key: customerKey('shop', longId),
      value: interactions.encode(interaction({ customerId: longId })),
      reason: 'CUSTOMER_ID_INVALID',
      error: /customerId/,
    },
    {
      ...validate,
      name: 'a tenant id that can not be',
      topic: 'interactions',
      key: customerKey('the shop', 'c-1'),
      value: interactions.encode(interaction({ tenantId: 'the shop' })),
      reason: 'TENANT_ID_INVALID',
      error: /tenantId/,
    },
    {
      stage: 'key',
      name: 'the key of another customer',
      topic: 'interactions',
      key: 'shop/c-2',
      value: whole,
      reason: 'KEY_MISMATCH',
      error: /shop\/c-2/,
    },
    {
      stage: 'key',
      name: 'an empty key',
      topic: 'interactions',
      key: '',
      value: whole,
      reason: 'KEY_MISMATCH',
      error: /key/,
    },
    {
      stage: 'key',
      name: 'a key that is not UTF-8',
      topic: 'interactions',
      key: Buffer.from('shop/\xff', 'latin1'),
      value: interactions.encode(interaction({ customerId: '\uFFFD' })),
      reason: 'KEY_NOT_UTF8',
      error: /UTF-8/,
    },
    {
      stage: 'key',
      name: 'the wrong partition',
      topic: 'interactions',
      key,
      value: whole,
      partition: (own + 1) % PARTITIONS,
      reason: 'WRONG_PARTITION',
      error: /murmur2_random/,
    },
    {
      stage: 'key',
      name: 'the erasure of nobody',
      topic: 'profiles',
      key: 'shop',
      value: null,
      reason: 'KEY_MISMATCH',
      error: /key/,
    },
  ]
}

beforeAll(async () => {
  installation = await makeInstallation()
  bad = await badRecords()
  running = await startWorker(installation)
  // One after another, each with a good event of the same customer behind it.
  for (const [i, { topic, key, value, partition }] of bad.entries()) {
    const at = partition ?? partitionOf(Buffer.from(key), PARTITIONS)
    await installation.produce([
      { topic: installation.topic(topic), key: Buffer.from(key), value, timestamp: NOW, partition: at },
    ])
    const eventId = `good-${i}`
    goodIds.push(eventId)
    await installation.sink.write([
      { topic: 'interactions', event: interaction({ eventId, occurredAt: NOW - DAY_MS + i }) },
    ])
  }
  for (const [name, customerId] of Object.entries(ids)) {
    const eventId = `odd-${name}`
    goodIds.push(eventId)
    await installation.sink.write([{ topic: 'interactions', event: interaction({ eventId, customerId }) }])
  }
  await untilProcessed(installation)
  letters = await installation.read('dead-letters')
})

afterAll(async () => {
  await running.worker.stop()
  await installation.close()
})

test('the stream goes on: the good event after each bad record is scored, once', async () => {
  const records = (await readCustomers(installation)).map(({ customer }) => customer!)
  const scored = records.filter(({ cause }) => cause === 'event').map(({ eventId }) => eventId)
  expect(scored.toSorted()).toEqual(goodIds.toSorted())
})

test('each bad record is one dead letter, in its own partition, with its own bytes, origin and reason', () => {
  expect(letters).toHaveLength(bad.length)
  for (const { name, topic, key, value, partition, stage, reason, error } of bad) {
    const mine = letters.filter(({ headers }) => headers['reason'] === reason && headers['topic'] === topic)
    const letter = mine.find((each) => sameBytes(each.value, value) && each.key === key.toString())
    expect(
      letter,
      `${name}: ${reason} among ${letters.map(({ headers }) => headers['reason']).join(', ')}`,
    ).toBeDefined()
    const at = partition ?? partitionOf(Buffer.from(key), PARTITIONS)
    expect(letter!.partition, name).toBe(at)
    expect(letter!.headers, name).toMatchObject({
      topic,
      partition: String(at),
      offset: expect.stringMatching(/^\d+$/),
      ingestedAt: expect.stringMatching(/^\d{13}$/),
      stage,
      reason,
      error: expect.stringMatching(error),
    })
  }
  const origins = letters.map(({ headers }) => `${headers['topic']}/${headers['partition']}/${headers['offset']}`)
  expect(new Set(origins).size).toBe(letters.length)
})

test('the worker counts them by reason and stays at work', () => {
  const counted = [...running.worker.counters.events.deadLetters].sort()
  const expected = Map.groupBy(bad, ({ reason }) => reason)
  expect(counted).toEqual([...expected].map(([reason, each]) => [reason, each.length]).sort())
  for (const task of running.worker.tasks) expect([task.state, task.failure]).toEqual(['running', null])
})

describe('ids with slashes, braces and emoji', () => {
  test('work, in the topics and in Redis', async () => {
    const records = await readCustomers(installation)
    for (const [name, customerId] of Object.entries(ids)) {
      const record = records.find(({ customer }) => customer?.eventId === `odd-${name}`)
      expect(record?.key, name).toBe(customerKey('shop', customerId))
      expect(record?.customer).toMatchObject({ tenantId: 'shop', customerId })
    }
    await untilConfirmed(installation)
    await expectViewEqualsLog(installation)
  })
})

describe('what the event sink refuses before anything is sent', () => {
  test('an event of 2 MB', async () => {
    const before = await installation.read('interactions')
    const large = interaction({ eventId: 'large', properties: { text: 'x'.repeat(2_000_000) } })
    const small = interaction({ eventId: 'small' })
    const events = [small, large].map((event) => ({ topic: 'interactions' as const, event }))
    await expect(installation.sink.write(events)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('large'),
    })
    expect(await installation.read('interactions')).toHaveLength(before.length)
  })

  test('a value that does not fit its schema, by the name of the field', async () => {
    const event = interaction({ occurredAt: 'yesterday' as unknown as number })
    await expect(installation.sink.write([{ topic: 'interactions', event }])).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      details: { field: 'occurredAt' },
    })
  })
})

function sameBytes(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}
