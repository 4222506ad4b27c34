import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiServer, startApi } from '../../api/server.ts'
import { compareTopEntries } from '../../api/top-page.ts'
import { redisKeys } from '../../schemas/redis-keys.ts'
import { RedisStore } from '../../state/redis-store.ts'
import { describeLookup } from '../api/lookup-conformance.ts'
import { checkPaging } from '../api/paging-property.ts'
import { SETTLED, scores } from '../api/serving-view.ts'
import { homeOf, scored, settle, store, testDeps } from '../api/test-api.ts'
import { createRedisView, type RedisView } from './redis-view.ts'
import { servers } from './servers.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

describeLookup('over Redis', () => createRedisView(servers().redisUrl))

describe('lists over Redis', () => {
  let view: RedisView
  beforeAll(async () => {
    view = await createRedisView(servers().redisUrl)
  })
  afterAll(() => view.close())

  test('their pages are the sorted list, whatever the scores, ties, partitions and page size', async () => {
    await checkPaging(view, 40)
  })

  test('a page amid 50,000 customers of one score is as cheap as any', async () => {
    const ids = Array.from({ length: 50_000 }, (_, i) => `customer-${i}`)
    for (let from = 0; from < ids.length; from += 5_000) {
      const slice = ids.slice(from, from + 5_000)
      await view.put(
        0,
        slice.map((customerId) => ({ tenantId: 'ties', customerId, scores: scores(0.5) })),
      )
    }
    const sorted = ids.map((id) => ({ id: Buffer.from(id), score: scores(0.5).lead })).sort(compareTopEntries)
    const after = sorted[31_337]!
    await view.redis.config('RESETSTAT')
    const { entries } = await view.lookup.top(0, 'ties', { index: 'lead', limit: 3, after })
    expect(entries).toEqual(sorted.slice(31_338, 31_341))
    const stats = await view.redis.info('commandstats')
    expect(Number(/cmdstat_zrevrange:calls=(\d+)/.exec(stats)?.[1])).toBeLessThanOrEqual(
      1 + Math.ceil(Math.log2(50_000)),
    )
  })

  test('scripts that Redis forgot are sent again', async () => {
    await view.position(1, SETTLED)
    expect((await view.lookup.read(1, 'shop', ['a'])).values).toEqual([null])
    await view.redis.script('FLUSH')
    expect((await view.lookup.read(1, 'shop', ['a'])).values).toEqual([null])
    expect((await view.lookup.top(1, 'shop', { index: 'lead', limit: 1 })).entries).toEqual([])
  })

  test('a lookup reads what a worker writes', async () => {
    const writer = new RedisStore({ redis: view.redis, keys: redisKeys(view.app) })
    const value = Buffer.from([0, 0, 0, 0, 7, 255])
    const at = { cluster: 'k', topic: 'customers', at: 5, streamTimes: new Map() }
    const position = { offset: 2, inputs: { interactions: 1 }, ...at }
    const customer = { tenantId: 'shop', customerId: 'a/b🙂', key: 'shop/a/b🙂' }
    const entry = { ...customer, value, probability: 0.25, risk: 0.125, newestAt: 1_768_478_400_123, nextLookAt: 0 }
    expect(await writer.write(5, { expected: null, position, entries: [entry], timers: [], snapshots: [] })).toBe(
      'written',
    )
    expect(await view.lookup.read(5, 'shop', ['a/b🙂'])).toEqual({ state: 'settled', values: [value] })
    for (const [index, score] of [
      ['lead', 250_000_000],
      ['churn', 125_000_000],
      ['recent', 1_768_478_400_123],
    ] as const) {
      const { entries } = await view.lookup.top(5, 'shop', { index, limit: 9 })
      expect(entries).toEqual([{ id: Buffer.from('a/b🙂'), score }])
    }
    await writer.reset(5)
    expect((await view.lookup.read(5, 'shop', ['a/b🙂'])).state).toBe('absent')
  })
})

describe('the query API over HTTP', () => {
  let proxy: TcpProxy
  let view: RedisView
  let server: ApiServer
  const get = (path: string) => fetch(`${server.url}${path}`)

  beforeAll(async () => {
    const { hostname, port } = new URL(servers().redisUrl)
    proxy = await startTcpProxy(hostname, Number(port))
    view = await createRedisView(servers().redisUrl, `redis://127.0.0.1:${proxy.port}`)
    await settle(view)
    server = await startApi(testDeps(view), { host: '127.0.0.1', port: 0 })
  })
  afterAll(async () => {
    await server.close()
    await server.close()
    await view.close()
    await proxy.close()
  })

  test.each(['ada', 'a/b/c', '{x}', '🙂 né', '%2F', 'a+b&c=d?e#f', '🙂'.repeat(128)])('finds case %#', async (id) => {
    await store(view, scored(id))
    const response = await get(`/v1/customers/${encodeURIComponent(id)}`)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ customerId: id, now: { lead: {} } })
  })

  test('takes a hundred of the longest ids, and refuses what is longer still in the one error format', async () => {
    const ids = Array.from({ length: 100 }, (_, i) =>
      encodeURIComponent(`${String(i).padStart(4, '0')}${'🙂'.repeat(127)}`),
    )
    const response = await get(`/v1/customers?ids=${ids.join(',')}`)
    expect(response.status).toBe(200)
    expect(((await response.json()) as { missing: string[] }).missing.length).toBe(100)
    const tooLong = await get(`/v1/customers?ids=${'x'.repeat(300_000)}`)
    expect(tooLong.status).toBe(431)
    expect(await tooLong.json()).toMatchObject({ error: { code: 'INPUT_INVALID', requestId: expect.any(String) } })
  })

  test('answers bytes that are not HTTP in the one error format', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (bytes) => {
      answer += bytes
    })
    socket.write('GET /health HTTP/1.1\r\nbad header\r\n\r\n')
    await new Promise((resolve) => socket.on('close', resolve))
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)).error.code).toBe('INPUT_INVALID')
  })

  test('survives a query that cannot be decoded', async () => {
    expect((await get('/v1/customers?ids=%FF')).status).toBe(400)
    expect((await get('/v1/customers/%FF')).status).toBe(400)
    expect((await get('/health')).status).toBe(200)
  })

  test.each(['stall', 'cut'] as const)(
    'says within a second that Redis is away (%s), and comes back by itself',
    async (how) => {
      await store(view, scored('ada'))
      proxy[how]()
      for (const path of ['/v1/customers/ada', '/v1/top?by=lead', '/v1/topics', '/ready']) {
        const began = performance.now()
        const response = await get(path)
        expect(performance.now() - began).toBeLessThan(2_000)
        expect(response.status).toBe(503)
        expect(response.headers.get('retry-after')).toBe('5')
      }
      expect(await (await get('/health')).json()).toMatchObject({
        status: 'degraded',
        dependencies: { redis: { state: 'down' } },
      })
      expect(await (await get('/metrics')).text()).toContain('\neverscore_redis_up 0\n')
      proxy.restore()
      await expect.poll(async () => (await get('/v1/customers/ada')).status, { timeout: 10_000 }).toBe(200)
      expect(await (await get('/ready')).json()).toEqual({ ready: true })
    },
  )

  test('never takes an emptied Redis for unknown customers', async () => {
    await store(view, scored('ada'))
    const keys = redisKeys(view.app)
    const home = homeOf('ada')
    await view.redis.del(keys.customers(home), keys.position(home))
    const response = await get('/v1/customers/ada')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: 'REBUILDING', details: { partition: home } } })
    await settle(view)
    expect((await get('/v1/customers/ada')).status).toBe(404)
  })

  test('refuses a port that is taken by name', async () => {
    const port = Number(new URL(server.url).port)
    await expect(startApi(testDeps(view), { host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  })
})
