import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startStack } from '../../connectors/stack/stack.ts'
import type { RunningServer, Stack } from '../../connectors/stack/types.ts'
import type { AppError } from '../../schemas/errors.ts'
import { INDEX_SCALE, type RedisKeys, redisKeys } from '../../schemas/redis-keys.ts'
import { connectRedis, redisReady, refuseEviction } from '../../state/redis-connection.ts'
import { RedisStore } from '../../state/redis-store.ts'
import type { CustomerEntry, Position } from '../../state/state-store.ts'
import type { Fault } from '../faults/proxy/fault-rules.ts'
import { redisError, startRedisProxy } from '../faults/proxy/redis-proxy.ts'
import { servers } from './servers.ts'
import { waitFor } from './support/wait-for.ts'

const PARTITION = 2
let keys: RedisKeys
let redis: Redis
let looking: Redis
let store: RedisStore

beforeEach(async () => {
  keys = redisKeys(`t-${randomUUID()}`)
  redis = connectRedis({ url: servers().redisUrl })
  looking = lookAt(servers().redisUrl)
  await redisReady(redis)
  store = new RedisStore({ redis, keys })
})

afterEach(async () => {
  redis.disconnect()
  const names = await looking.keys(`${keys.meta.replace(/:meta$/, '')}:*`)
  if (names.length > 0) await looking.unlink(names)
  looking.disconnect()
})

/** A connection of the test's own, which waits while Redis is away. */
function lookAt(url: string): Redis {
  const connection = new Redis(url, { maxRetriesPerRequest: null })
  connection.on('error', () => {})
  return connection
}

function entry(key: string, value: string | Buffer | null, scores: Partial<CustomerEntry> = {}): CustomerEntry {
  const slash = key.indexOf('/')
  return {
    key,
    tenantId: key.slice(0, slash),
    customerId: key.slice(slash + 1),
    value: typeof value === 'string' ? Buffer.from(value) : value,
    probability: 0.5,
    risk: 0.25,
    newestAt: 1_700_000_000_000,
    nextLookAt: 0,
    ...scores,
  }
}

function positionAt(offset: number, inputs: Record<string, number> = { interactions: offset * 2 }): Position {
  return { offset, inputs, cluster: 'cluster', topic: 'customers', at: 1_700_000_000_123, streamTimes: new Map() }
}

/** Writes from one offset to the next. */
async function write(from: number | null, to: number, ...entries: CustomerEntry[]): Promise<string> {
  return await store.write(PARTITION, { expected: from, position: positionAt(to), entries, timers: [], snapshots: [] })
}

const customers = (): Promise<Record<string, string>> => looking.hgetall(keys.customers(PARTITION))

/** A sorted set: score by member. */
async function scoresIn(key: string): Promise<Map<string, number>> {
  const flat = await looking.zrange(key, '0', '-1', 'WITHSCORES')
  return new Map(flat.flatMap((member, i) => (i % 2 === 0 ? [[member, Number(flat[i + 1])] as const] : [])))
}

describe('a scan', () => {
  test('shows each of a tenant’s customers at least once, and those of no other', async () => {
    const ids = Array.from({ length: 1_200 }, (_, i) => (i % 3 === 0 ? `a/b-${i}` : `ümläut-${i}`))
    await write(null, 1, ...ids.map((id) => entry(`acme/${id}`, `v-${id}`)), entry('acme.eu/x', 'other'))
    await write(1, 2, entry(`acme/${ids[5]}`, null), entry(`acme/${ids[6]}`, 'newer'))
    const shown = new Map<string, string>()
    let cursor = '0'
    let pages = 0
    do {
      const page = await store.scan(PARTITION, 2, { tenantId: 'acme', cursor, count: 100 })
      for (const { key, value } of page.customers) shown.set(key, value.toString())
      cursor = page.cursor
      pages++
    } while (cursor !== '0')
    const wanted = ids
      .filter((_, i) => i !== 5)
      .map((id) => [`acme/${id}`, id === ids[6] ? 'newer' : `v-${id}`] as const)
    expect(shown).toEqual(new Map(wanted))
    expect(pages).toBeGreaterThan(5)
    expect(await store.scan(PARTITION, 2, { tenantId: 'nobody', cursor: '0', count: 100 })).toEqual({
      customers: [],
      cursor: '0',
      total: 0,
    })
  })

  test('is refused when the view is at another position', async () => {
    await write(null, 1, entry('acme/a', 'v'))
    await expect(store.scan(PARTITION, 2, { tenantId: 'acme', cursor: '0', count: 9 })).rejects.toMatchObject({
      code: 'REDIS_FOREIGN',
    })
  })
})

describe('a commit', () => {
  test('writes values, indexes, tenants and the position in one step', async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 36])
    const ids = ['plain', 'with/slash', 'with {braces}', 'ümläut', '😀', 'x'.repeat(512)]
    const entries = ids.map((id, i) => entry(`acme/${id}`, bytes, { probability: i / 7, risk: 1 - i / 7, newestAt: i }))
    expect(await write(null, 7, ...entries, entry('globex/c', 'v'))).toBe('written')
    const stored = await looking.hgetallBuffer(keys.customers(PARTITION))
    expect(new Map(Object.entries(stored))).toEqual(
      new Map([...entries.map(({ key }) => [key, bytes] as const), ['globex/c', Buffer.from('v')]]),
    )
    expect(await looking.smembers(keys.tenants(PARTITION))).toEqual(expect.arrayContaining(['acme', 'globex']))
    for (const [i, id] of ids.entries()) {
      const scoreIn = (index: 'lead' | 'churn' | 'recent') => looking.zscore(keys.top(PARTITION, 'acme', index), id)
      expect(await scoreIn('lead')).toBe(String(Math.round((i / 7) * INDEX_SCALE)))
      expect(await scoreIn('churn')).toBe(String(Math.round((1 - i / 7) * INDEX_SCALE)))
      expect(await scoreIn('recent')).toBe(String(i))
    }
    expect(await store.position(PARTITION)).toEqual(positionAt(7))
  })

  test('a null value removes the customer from everywhere', async () => {
    await write(null, 5, entry('acme/a', 'v'), entry('acme/b', 'v'))
    expect(await write(5, 6, entry('acme/a', null))).toBe('written')
    expect(await customers()).toEqual({ 'acme/b': 'v' })
    for (const index of ['lead', 'churn', 'recent'] as const) {
      expect(await looking.zrangebyscore(keys.top(PARTITION, 'acme', index), '-inf', '+inf')).toEqual(['b'])
    }
  })

  test('that is sent again, because its answer was lost, is answered and changes nothing', async () => {
    await write(null, 5, entry('acme/a', 'first'))
    expect(await write(5, 9, entry('acme/a', 'second'))).toBe('written')
    expect(await write(5, 9, entry('acme/a', 'third'))).toBe('already')
    expect(await customers()).toEqual({ 'acme/a': 'second' })
  })

  test('from anywhere else than where the view is writes nothing', async () => {
    await write(null, 5, entry('acme/a', 'v'))
    for (const from of [null, 4, 6]) expect(await write(from, 9, entry('acme/a', 'other'))).toBe('foreign')
    expect(await customers()).toEqual({ 'acme/a': 'v' })
    expect(await store.position(PARTITION)).toEqual(positionAt(5))
  })

  test('gives what its entries say, in whatever numbers of them', async () => {
    const some = fc.constantFrom(0, 1, 3, 255, 256, 400)
    const change = fc.record({ kept: some, gone: some, timers: some, from: fc.nat(500), value: fc.nat() })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        await store.reset(PARTITION)
        const values = new Map<string, string>()
        const leads = new Map<string, number>()
        const timersOf = new Map<string, number>()
        for (const [at, { kept, gone, timers, from, value }] of changes.entries()) {
          const ids = Array.from({ length: kept + gone + timers }, (_, i) => `c${from + i}`)
          const entries = ids.slice(0, kept + gone).map((id, i) => {
            const scores = { probability: (value % 1_000) / 1_000, nextLookAt: (value + i) % 3 }
            return entry(`acme/${id}`, i < kept ? `v${value}-${i}` : null, i < kept ? scores : {})
          })
          const moved = ids.slice(kept + gone).map((id, i) => ({ tenantId: 'acme', customerId: id, nextLookAt: i % 2 }))
          const expected = at === 0 ? null : at
          const position = positionAt(at + 1)
          const answer = await store.write(PARTITION, { expected, position, entries, timers: moved, snapshots: [] })
          expect(answer).toBe('written')
          for (const { key, customerId, value: stored, probability } of entries) {
            if (stored === null) {
              values.delete(key)
              leads.delete(customerId)
            } else {
              values.set(key, stored.toString())
              leads.set(customerId, Math.round(probability * INDEX_SCALE))
            }
          }
          for (const { customerId, nextLookAt } of [...entries, ...moved]) {
            if (nextLookAt === 0) timersOf.delete(customerId)
            else timersOf.set(customerId, nextLookAt)
          }
        }
        expect(new Map(Object.entries(await customers()))).toEqual(values)
        expect(await scoresIn(keys.top(PARTITION, 'acme', 'lead'))).toEqual(leads)
        expect(await scoresIn(keys.timers(PARTITION, 'acme'))).toEqual(timersOf)
        expect(await store.position(PARTITION)).toEqual(positionAt(changes.length))
      }),
      { numRuns: 40 },
    )
  })

  test.each([3, 600])('of several with %i customers from one position only one is written, whole', async (count) => {
    const others = Array.from({ length: 4 }, () => connectRedis({ url: servers().redisUrl }))
    try {
      await Promise.all(others.map((each) => redisReady(each)))
      const ids = Array.from({ length: count }, (_, i) => `${i % 2 ? 'acme' : 'globex'}/${i}`)
      const stores = others.map((each) => new RedisStore({ redis: each, keys }))
      await write(null, 1)
      for (let at = 1; at < 101; at += 4) {
        const answers = await Promise.all(
          stores.map((each, i) =>
            each.write(PARTITION, {
              expected: at,
              position: positionAt(at === 97 ? 200 + i : at + 4, { interactions: i }),
              entries: ids.map((id) => entry(id, `${at} of ${i}`)),
              timers: [],
              snapshots: [],
            }),
          ),
        )
        const winner = answers.indexOf('written')
        const lost = at === 97 ? 'foreign' : 'already'
        expect(answers.toSorted()).toEqual([lost, lost, lost, 'written'].toSorted())
        expect(new Set(Object.values(await customers()))).toEqual(new Set([`${at} of ${winner}`]))
        expect((await store.position(PARTITION))?.inputs).toEqual({ interactions: winner })
      }
    } finally {
      for (const each of others) each.disconnect()
    }
  })

  test.each([1, 600])(
    'of %i customers is written whole or not at all while somebody empties the view',
    async (count) => {
      const all = (value: string): CustomerEntry[] => Array.from({ length: count }, (_, i) => entry(`acme/${i}`, value))
      for (let round = 0; round < 30; round++) {
        await write(null, 5, ...all('v'))
        const [answer] = await Promise.all([write(5, 6, ...all('w')), store.reset(PARTITION)])
        const [begun] = await Promise.all([write(null, 7, ...all('x')), store.reset(PARTITION)])
        expect(['written', 'foreign']).toContain(answer)
        expect(begun).toBe('written')
        const position = await store.position(PARTITION)
        const wanted = position === null ? [] : all('x').map(({ key }) => [key, 'x'])
        expect(await customers()).toEqual(Object.fromEntries(wanted))
        await store.reset(PARTITION)
      }
    },
  )

  test('goes on over a new connection when Redis has closed the one it had', async () => {
    const all = (value: string): CustomerEntry[] => Array.from({ length: 600 }, (_, i) => entry(`acme/${i}`, value))
    await write(null, 5, ...all('v'))
    await looking.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    expect(await write(5, 6, ...all('w'))).toBe('written')
    expect(new Set(Object.values(await customers()))).toEqual(new Set(['w']))
  })

  test('into an emptied view is foreign: what it builds on is gone', async () => {
    await write(null, 5, entry('acme/a', 'v'))
    await looking.unlink(keys.position(PARTITION), keys.customers(PARTITION))
    expect(await write(5, 9, entry('acme/a', 'other'))).toBe('foreign')
    expect(await customers()).toEqual({})
  })

  test('without customers moves the position alone, also to where it is', async () => {
    await write(null, 5)
    const moved = { ...positionAt(5), inputs: { interactions: 99 } }
    expect(await store.write(PARTITION, { expected: 5, position: moved, entries: [], timers: [], snapshots: [] })).toBe(
      'written',
    )
    expect(await store.position(PARTITION)).toEqual(moved)
  })

  test('of more customers than a command takes is still one step', async () => {
    const many = Array.from({ length: 60_001 }, (_, i) => entry(`t${i % 3}/customer-${i}`, `value ${i}`))
    expect(await write(null, 5, ...many)).toBe('written')
    expect(await looking.hlen(keys.customers(PARTITION))).toBe(60_001)
    expect(await looking.zcard(keys.top(PARTITION, 't1', 'recent'))).toBe(20_000)
    const wanted = many.map(({ key }) => key)
    const values = await store.read(PARTITION, 5, ['t0/nobody', ...wanted])
    expect(values.map((value) => value?.toString() ?? null)).toEqual([null, ...many.map((_, i) => `value ${i}`)])
    expect(await write(5, 6, ...many.map(({ key }) => entry(key, null)))).toBe('written')
    expect(await customers()).toEqual({})
  })

  test('keeps values of a megabyte', async () => {
    const large = Buffer.alloc(1_500_000, 7)
    await write(null, 5, entry('acme/a', large), entry('acme/b', 'small'))
    const [a, b] = await store.read(PARTITION, 5, ['acme/a', 'acme/b'])
    expect(a?.equals(large)).toBe(true)
    expect(b?.toString()).toBe('small')
  })
})

test('stream times move with the position, each tenant’s on its own', async () => {
  const at = (offset: number, times: Record<string, number>): Position => ({
    ...positionAt(offset),
    streamTimes: new Map(Object.entries(times)),
  })
  const move = (expected: number | null, position: Position) =>
    store.write(PARTITION, { expected, position, entries: [], timers: [], snapshots: [] })
  await move(null, at(5, { acme: 1_700_000_000_000, 'a.b-c_d': 0 }))
  await move(5, at(6, { acme: 1_700_000_000_001, constructor: 7 }))
  expect(await move(5, at(9, { acme: 1_800_000_000_000 }))).toBe('foreign')
  expect(await store.position(PARTITION)).toEqual(at(6, { acme: 1_700_000_000_001, 'a.b-c_d': 0, constructor: 7 }))
  await store.reset(PARTITION)
  expect(await store.position(PARTITION)).toBeNull()
})

describe('timers', () => {
  const timersOf = async (tenant: string): Promise<Record<string, number>> =>
    Object.fromEntries(await scoresIn(keys.timers(PARTITION, tenant)))
  const due = (position: number, before: Record<string, number>, limit = 10) =>
    store.dueTimers(PARTITION, position, new Map(Object.entries(before)), limit)

  test('follow the customers they are of, in the same step', async () => {
    await write(null, 5, entry('acme/a', 'v', { nextLookAt: 100 }), entry('acme/b', 'v', { nextLookAt: 50 }))
    expect(await timersOf('acme')).toEqual({ b: 50, a: 100 })
    await write(5, 6, entry('acme/a', 'w', { nextLookAt: 0 }), entry('acme/b', null))
    expect(await timersOf('acme')).toEqual({})
    expect(await write(5, 7, entry('acme/a', 'x', { nextLookAt: 9 }))).toBe('foreign')
    expect(await timersOf('acme')).toEqual({})
  })

  test('move without a record, also where the position stays', async () => {
    await write(null, 5, entry('acme/a', 'v', { nextLookAt: 100 }), entry('acme/b', 'v', { nextLookAt: 50 }))
    const timers = [
      { tenantId: 'acme', customerId: 'a', nextLookAt: 200 },
      { tenantId: 'acme', customerId: 'b', nextLookAt: 0 },
      { tenantId: 'globex', customerId: 'c', nextLookAt: 1 },
    ]
    expect(
      await store.write(PARTITION, { expected: 5, position: positionAt(5), entries: [], timers, snapshots: [] }),
    ).toBe('written')
    expect([await timersOf('acme'), await timersOf('globex')]).toEqual([{ a: 200 }, { c: 1 }])
    expect(await customers()).toEqual({ 'acme/a': 'v', 'acme/b': 'v' })
  })

  test('are read by tenant, the earliest first, with the time of the next', async () => {
    const some = [30, 10, 20, 40].map((at) => entry(`acme/c-${at}`, 'v', { nextLookAt: at }))
    await write(null, 5, ...some, entry('globex/g', 'v', { nextLookAt: 5 }))
    expect(await due(5, { acme: 31, globex: 5, initech: 99 })).toEqual(
      new Map([
        ['acme', { customerIds: ['c-10', 'c-20', 'c-30'], next: 40 }],
        ['globex', { customerIds: [], next: 5 }],
        ['initech', { customerIds: [], next: null }],
      ]),
    )
    expect(await due(5, { acme: 99 }, 2)).toEqual(new Map([['acme', { customerIds: ['c-10', 'c-20'], next: 30 }]]))
    expect(await due(5, { acme: 99 }, 4)).toMatchObject(new Map([['acme', { next: null }]]))
    await expect(due(4, { acme: 99 })).rejects.toMatchObject({ code: 'REDIS_FOREIGN' })
  })

  test('go with a reset', async () => {
    await write(null, 5, entry('acme/a', 'v', { nextLookAt: 100 }))
    await store.reset(PARTITION)
    expect(await timersOf('acme')).toEqual({})
  })
})

describe('reading', () => {
  test('at the position of the view finds values and who is not there', async () => {
    await write(null, 5, entry('acme/a', 'v'))
    expect(await store.read(PARTITION, 5, ['acme/a', 'acme/b'])).toEqual([Buffer.from('v'), null])
    expect(await store.read(PARTITION, 5, [])).toEqual([])
  })

  test('at any other position is refused: nobody may be taken for new in an older copy', async () => {
    await write(null, 5, entry('acme/a', 'v'))
    for (const at of [null, 4, 6]) {
      await expect(store.read(PARTITION, at, ['acme/a'])).rejects.toMatchObject({
        code: 'REDIS_FOREIGN',
        retryable: true,
        details: { partition: PARTITION },
      })
    }
  })

  test('an empty view is read as one, and as nothing else', async () => {
    expect(await store.position(PARTITION)).toBeNull()
    expect(await store.read(PARTITION, null, ['acme/a'])).toEqual([null])
    await expect(store.read(PARTITION, 0, ['acme/a'])).rejects.toMatchObject({ code: 'REDIS_FOREIGN' })
  })
})

test('a reset empties one partition and leaves the others alone', async () => {
  await write(null, 5, entry('acme/a', 'v'), entry('globex/b', 'v'))
  await store.write(3, {
    expected: null,
    position: positionAt(8),
    entries: [entry('acme/c', 'v')],
    timers: [],
    snapshots: [],
  })
  const others = await looking.keys(`${keys.customers(3).replace(/:customers$/, '')}:*`)
  await store.reset(PARTITION)
  await store.reset(PARTITION)
  expect(await looking.keys(`${keys.customers(PARTITION).replace(/:customers$/, '')}:*`)).toEqual([])
  expect(await looking.keys(`${keys.customers(3).replace(/:customers$/, '')}:*`)).toHaveLength(others.length)
  expect(await store.position(PARTITION)).toBeNull()
  expect(await write(null, 1, entry('acme/a', 'again'))).toBe('written')
})

test('Redis may forget its scripts', async () => {
  await write(null, 5, entry('acme/a', 'v'))
  await looking.script('FLUSH')
  expect(await write(5, 6, entry('acme/b', 'v'))).toBe('written')
  await looking.script('FLUSH')
  expect(await store.read(PARTITION, 6, ['acme/b'])).toEqual([Buffer.from('v')])
})

test.each([1, 600])(
  'a key of another type is said to be, not asked for again and again (%i customers)',
  async (count) => {
    await looking.set(keys.customers(PARTITION), 'a string')
    const all = Array.from({ length: count }, (_, i) => entry(`acme/${i}`, 'v'))
    await expect(write(null, 5, ...all)).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      retryable: false,
      message: expect.stringContaining('WRONGTYPE'),
    })
    expect(await store.position(PARTITION)).toBeNull()
  },
)

test.each([
  ['that ends after it was made: it is not made again', 'EXEC', 'cut-after', 'already'],
  ['that ends before it was made', 'EXEC', 'cut-before', 'written'],
  ['that ends in the middle of it', 'ZADD', 'cut-before', 'written'],
  ['that ends with the position that was to be watched', 'WATCH', 'cut-after', 'written'],
  ['to a Redis that is loading', 'WATCH', { answer: redisError('LOADING Redis is loading the dataset') }, 'written'],
  ['whose answer comes late', 'EXEC', { delayMs: 300 }, 'written'],
] as [string, string, Fault, string][])('a large change over a connection %s', async (_, command, fault, wanted) => {
  const proxy = await startRedisProxy(servers().redisUrl)
  const breaking = connectRedis({ url: `redis://127.0.0.1:${proxy.port}` })
  try {
    await redisReady(breaking)
    const all = (value: string): CustomerEntry[] => Array.from({ length: 600 }, (__, i) => entry(`acme/${i}`, value))
    await write(null, 5, ...all('v'))
    const rule = proxy.rules.add(command, fault)
    const change = { expected: 5, position: positionAt(6), entries: all('w'), timers: [], snapshots: [] }
    expect(await new RedisStore({ redis: breaking, keys }).write(PARTITION, change)).toBe(wanted)
    expect(rule.hits).toBe(1)
    expect(await customers()).toEqual(Object.fromEntries(all('w').map(({ key }) => [key, 'w'])))
    expect(await store.position(PARTITION)).toEqual(positionAt(6))
  } finally {
    breaking.disconnect()
    await proxy.close()
  }
})

describe('with a Redis that goes away', () => {
  let stack: Stack
  let server: RunningServer
  let health: (AppError | null)[]

  beforeAll(async () => {
    // Only Redis is started; the others are given.
    const { kafkaBrokers, schemaRegistryUrl } = servers()
    const { REDIS_URL: _shared, ...env } = process.env
    stack = await startStack({
      env: { ...env, KAFKA_BROKERS: kafkaBrokers, SCHEMA_REGISTRY_URL: schemaRegistryUrl },
      only: 'java',
    })
    server = stack.servers.find(({ name }) => name === 'redis')!
  })

  afterAll(async () => {
    await stack.stop()
  })

  beforeEach(async () => {
    redis.disconnect()
    looking.disconnect()
    redis = connectRedis({ url: stack.redisUrl, commandTimeoutMs: 500 })
    looking = lookAt(stack.redisUrl)
    await redisReady(redis)
    health = []
    store = new RedisStore({ redis, keys, onHealth: (error) => health.push(error) })
  })

  test('calls wait until it is back, say so once, and lose nothing', async () => {
    await write(null, 5, entry('acme/a', 'v'))
    await server.kill('SIGTERM')
    const reading = store.read(PARTITION, 5, ['acme/a'])
    const position = store.position(PARTITION)
    await waitFor('the outage to be noticed', () => health.length > 0)
    await server.restart()
    expect(await reading).toEqual([Buffer.from('v')])
    expect(await position).toEqual(positionAt(5))
    expect(await write(5, 6, entry('acme/b', 'v'))).toBe('written')
    expect(health[0]).toMatchObject({ code: 'REDIS_UNAVAILABLE', retryable: true })
    expect(health.at(-1)).toBeNull()
    expect(health).toHaveLength(2)
  })

  test('one that comes back empty is no view that lost its customers', async () => {
    await write(null, 5, entry('acme/a', 'v'))
    await server.kill('SIGKILL')
    const writing = write(5, 6, entry('acme/b', 'v'))
    looking.disconnect()
    await server.restart()
    looking = lookAt(stack.redisUrl)
    await looking.flushall()
    expect(await writing).toBe('foreign')
    await expect(store.read(PARTITION, 5, ['acme/a'])).rejects.toMatchObject({ code: 'REDIS_FOREIGN' })
  })

  test('a commit whose answer does not come is sent again and counts once', async () => {
    await write(null, 5, entry('acme/a', 'v'))
    await server.kill('SIGSTOP')
    const writing = write(5, 6, entry('acme/a', 'w'))
    await waitFor('the commit to be given up once', () => health.length > 0)
    await server.kill('SIGCONT')
    expect(await writing).toMatch(/^(written|already)$/)
    expect(await customers()).toEqual({ 'acme/a': 'w' })
    expect(await store.position(PARTITION)).toEqual(positionAt(6))
  })

  const replica = { begin: ['REPLICAOF', '127.0.0.1', '1'], end: ['REPLICAOF', 'NO', 'ONE'] }
  const full = { begin: ['CONFIG', 'SET', 'maxmemory', '1'], end: ['CONFIG', 'SET', 'maxmemory', '0'] }
  test.each([
    ['a small change, of a Redis that became a replica', 1, replica],
    ['a small change, of a Redis that has no memory left', 1, full],
    ['a large change, of a Redis that became a replica', 500, replica],
    ['a large change, of a Redis that has no memory left', 500, full],
  ])('%s: nothing of it is written before that ends', async (_, count, { begin, end }) => {
    const stored = Array.from({ length: count }, (_each, i) => entry(`acme/old-${i}`, 'v'))
    const added = Array.from({ length: count }, (_each, i) => entry(`acme/new-${i}`, 'w'))
    await write(null, 5, ...stored)
    await looking.call(begin[0]!, ...begin.slice(1))
    const writing = write(5, 6, ...stored.map(({ key }) => entry(key, null)), ...added)
    await waitFor('the refusal', () => health.length > 0)
    expect(health[0]).toMatchObject({ code: 'REDIS_UNAVAILABLE', retryable: true })
    expect(await customers()).toEqual(Object.fromEntries(stored.map(({ key }) => [key, 'v'])))
    await looking.call(end[0]!, ...end.slice(1))
    expect(await writing).toBe('written')
    expect(await customers()).toEqual(Object.fromEntries(added.map(({ key }) => [key, 'w'])))
  })

  test('only its signal ends a call while Redis is away', async () => {
    await server.kill('SIGTERM')
    const stop = new AbortController()
    const reading = store.read(PARTITION, null, ['acme/a'], stop.signal)
    const outcome = reading.then(
      () => 'read',
      () => 'stopped',
    )
    await waitFor('the outage to be noticed', () => health.length > 0)
    stop.abort(new Error('stopped'))
    expect(await outcome).toBe('stopped')
    await server.restart()
  })

  test.each([
    ['allkeys-lru', true],
    ['allkeys-random', true],
    ['volatile-lru', false],
    ['noeviction', false],
  ])('maxmemory-policy %s is refused: %s', async (policy, isRefused) => {
    await looking.config('SET', 'maxmemory-policy', policy)
    const refusal = refuseEviction(redis)
    if (isRefused) {
      await expect(refusal).rejects.toMatchObject({
        code: 'REDIS_EVICTS',
        message: expect.stringContaining(policy),
        details: { field: 'maxmemory-policy' },
      })
    } else await expect(refusal).resolves.toBeUndefined()
  })
})
