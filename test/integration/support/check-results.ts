import { expect } from 'vitest'
import { nextLookAt } from '../../../models/next-look.ts'
import type { Customer } from '../../../schemas/avro/customer.ts'
import type { ScoreChange } from '../../../schemas/avro/score-change.ts'
import type { InputEvent } from '../../../schemas/events.ts'
import { customerKey } from '../../../schemas/partition.ts'
import { INDEX_SCALE, STREAM_TIME_FIELD, TOP_INDEXES } from '../../../schemas/redis-keys.ts'
import { decodeState } from '../../../schemas/state-codec.ts'
import { type Installation, PARTITIONS } from './installation.ts'
import type { TopicRecord } from './read-topic.ts'

export interface CustomerRecord extends TopicRecord {
  /** Null: erased. */
  readonly customer: Customer | null
}

export async function readCustomers(installation: Installation): Promise<CustomerRecord[]> {
  const codec = installation.codec<Customer>('customers')
  const records: CustomerRecord[] = []
  for (const record of await installation.read('customers')) {
    const customer = record.value === null ? null : await codec.decodeLoading(record.value)
    records.push({ ...record, customer })
  }
  return records
}

/** Each event has one customers record of cause event, in order of its topic, per customer; all others come of timers. */
export async function expectExactlyOnce(installation: Installation, events: readonly InputEvent[]): Promise<void> {
  const all = await readCustomers(installation)
  const records = all.filter(({ customer }) => customer?.cause === 'event')
  for (const { key, headers, customer } of all) {
    if (customer?.cause === 'event') continue
    expect(customer).toMatchObject({ cause: 'timer', eventId: `timer:${key}:${customer?.asOf}` })
    expect(headers).toEqual({ ...(headers['inputs'] ? { inputs: headers['inputs'] } : {}), eventId: customer?.eventId })
  }
  const expected = events.map(({ event }) => `${customerKey(event.tenantId, event.customerId)} ${event.eventId}`)
  const found = records.map(({ key, customer }) => `${key} ${customer?.eventId}`)
  expect(found.toSorted()).toEqual(expected.toSorted())

  const offsets = new Map<string, number>()
  for (const { key, headers } of records) {
    const source = `${key} from ${headers['topic']}/${headers['partition']}`
    const offset = Number(headers['offset'])
    expect(offset, source).toBeGreaterThan(offsets.get(source) ?? -1)
    offsets.set(source, offset)
  }
}

/** Redis holds the last record of each customer, byte for byte; indexes and positions follow from the same records. */
export async function expectViewEqualsLog(installation: Installation): Promise<void> {
  const { redis, keys } = installation
  const newest = new Map<string, CustomerRecord>()
  for (const record of await readCustomers(installation)) newest.set(record.key!, record)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const mine = [...newest.values()].filter((record) => record.partition === partition && record.customer !== null)
    const view = await redis.hgetallBuffer(keys.customers(partition))
    const hex = (values: readonly (readonly [string, Buffer])[]): Map<string, string> =>
      new Map(values.map(([key, value]) => [key, value.toString('hex')]))
    expect(hex(Object.entries(view))).toEqual(hex(mine.map(({ key, value }) => [key!, value!])))
    await expectIndexes(installation, partition, mine)
    await expectTimers(installation, partition, mine)
    await expectStreamTimes(installation, partition, mine)
    const tenants = await redis.smembers(keys.tenants(partition))
    expect(tenants.toSorted()).toEqual([...new Set(mine.map(({ customer }) => customer!.tenantId))].sort())
  }
}

/** Where nobody was erased, the newest event of a tenant is in the state of one of its customers. */
async function expectStreamTimes(
  { redis, keys }: Installation,
  partition: number,
  records: readonly CustomerRecord[],
): Promise<void> {
  const newest = new Map<string, number>()
  for (const { customer } of records) {
    const { newestAt } = decodeState(customer!.state)
    newest.set(customer!.tenantId, Math.max(newest.get(customer!.tenantId) ?? newestAt, newestAt))
  }
  const stored = Object.entries(await redis.hgetall(keys.position(partition)))
  const times = stored.filter(([field]) => field.startsWith(STREAM_TIME_FIELD))
  expect(new Map(times.map(([field, time]) => [field.slice(STREAM_TIME_FIELD.length), Number(time)]))).toEqual(newest)
}

/** The index of timers follows from the states, but for those that were looked at in vain: they stand later in it. */
async function expectTimers(installation: Installation, partition: number, records: CustomerRecord[]): Promise<void> {
  const { redis, keys } = installation
  for (const tenant of new Set(records.map(({ customer }) => customer!.tenantId))) {
    const stored = await redis.zrange(keys.timers(partition, tenant), '0', '-1', 'WITHSCORES')
    const timers = new Map<string, number>()
    for (let i = 0; i < stored.length; i += 2) timers.set(stored[i]!, Number(stored[i + 1]))
    for (const { customer } of records) {
      if (customer!.tenantId !== tenant) continue
      const lookAt = nextLookAt(decodeState(customer!.state))
      const at = timers.get(customer!.customerId) ?? Number.POSITIVE_INFINITY
      if (lookAt === 0) expect(at, customer!.customerId).toBe(Number.POSITIVE_INFINITY)
      else expect(at, customer!.customerId).toBeGreaterThanOrEqual(lookAt)
      timers.delete(customer!.customerId)
    }
    expect(timers).toEqual(new Map())
  }
}

async function expectIndexes(installation: Installation, partition: number, records: CustomerRecord[]): Promise<void> {
  const { redis, keys } = installation
  for (const tenant of new Set(records.map(({ customer }) => customer!.tenantId))) {
    const mine = records.flatMap(({ customer }) => (customer!.tenantId === tenant ? [customer!] : []))
    const scores = {
      lead: ({ lead }: Customer) => Math.round(lead.probability * INDEX_SCALE),
      churn: ({ churn }: Customer) => Math.round(churn.risk * INDEX_SCALE),
      recent: ({ state }: Customer) => decodeState(state).newestAt,
    }
    for (const index of TOP_INDEXES) {
      const stored = await redis.zrangebyscore(keys.top(partition, tenant, index), '-inf', '+inf', 'WITHSCORES')
      const pairs = new Map<string, number>()
      for (let i = 0; i < stored.length; i += 2) pairs.set(stored[i]!, Number(stored[i + 1]))
      expect(pairs).toEqual(new Map(mine.map((customer) => [customer.customerId, scores[index](customer)])))
    }
  }
}

/** Changes of a customer form a chain, and what customers records hold is always what was sent last. */
export async function expectChangesFollowRecords(installation: Installation): Promise<void> {
  const codec = installation.codec<ScoreChange>('score-changes')
  const changes = new Map<string, ScoreChange>()
  for (const { value } of await installation.read('score-changes')) {
    const change = await codec.decodeLoading(value!)
    expect(changes.has(change.changeId), change.changeId).toBe(false)
    changes.set(change.changeId, change)
  }
  const held = new Map<string, string>()
  let moves = 0
  for (const { key, customer } of await readCustomers(installation)) {
    const classes = { lead: customer!.lead.grade, churn: customer!.churn.band }
    for (const kind of ['lead', 'churn'] as const) {
      const name = `${key}/${kind}`
      const before = held.get(name) ?? null
      const change = changes.get(`${name}/${customer!.eventId}`)
      expect(change?.to ?? before, `${name} at ${customer!.eventId}`).toBe(classes[kind])
      if (change) {
        moves++
        expect(change.from).toBe(before)
        expect(change.from).not.toBe(change.to)
      }
      held.set(name, classes[kind])
    }
  }
  expect(moves).toBe(changes.size)
}
