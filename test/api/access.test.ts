import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isLoopbackHost } from '../../api/access.ts'
import type { App } from '../../api/app.ts'
import { startApi } from '../../api/server.ts'
import { createMemoryView } from './memory-view.ts'
import type { ServingView } from './serving-view.ts'
import { lookupOf, scored, settle, store, testApi, testDeps } from './test-api.ts'

const KEYS = new Map([
  ['k-shop', 'shop'],
  ['k-other', 'other'],
])
const FAR = '203.0.113.9'
let view: ServingView
let app: App

beforeEach(async () => {
  view = createMemoryView()
  await settle(view)
  await store(view, scored('ada', 'shop'))
})

describe('without keys', () => {
  beforeAll(async () => {
    app = await testApi({ ...createMemoryView(), lookup: lookupOf(() => view) })
  })
  afterAll(() => app.close())

  it('takes the tenant from the header, `default` without one', async () => {
    expect((await app.inject({ url: '/v1/customers/ada', headers: { 'x-tenant-id': 'shop' } })).statusCode).toBe(200)
    expect((await app.inject('/v1/customers/ada')).statusCode).toBe(404)
  })

  it.each(['', 'a/b', 'x'.repeat(65), 'é'])('refuses the tenant %.10s by name', async (tenant) => {
    const response = await app.inject({ url: '/v1/top?by=lead', headers: { 'x-tenant-id': tenant } })
    expect(response.json().error).toMatchObject({
      code: 'INPUT_INVALID',
      details: { field: 'X-Tenant-Id', in: 'header' },
    })
  })

  it('refuses to listen where others could reach it', async () => {
    await expect(startApi(testDeps(view), { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'HOST' },
    })
    expect(['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost'].every(isLoopbackHost)).toBe(true)
    expect(['0.0.0.0', '::', '127.0.0.1.example.com', '10.0.0.1', ''].some(isLoopbackHost)).toBe(false)
  })
})

describe('with keys', () => {
  beforeAll(async () => {
    app = await testApi({ ...createMemoryView(), lookup: lookupOf(() => view) }, { keys: KEYS })
  })
  afterAll(() => app.close())
  const get = (url: string, headers: Record<string, string> = {}, remoteAddress = FAR) =>
    app.inject({ url, headers, remoteAddress })
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

  it('takes the tenant from the key, whatever the header says', async () => {
    expect((await get('/v1/customers/ada', bearer('k-shop'))).json().tenantId).toBe('shop')
    expect((await get('/v1/customers/ada', { ...bearer('k-other'), 'x-tenant-id': 'shop' })).statusCode).toBe(404)
  })

  it.each([
    {},
    bearer('wrong'),
    bearer(''),
    { authorization: 'Basic ay1zaG9w' },
    { authorization: 'k-shop' },
    { 'x-tenant-id': 'shop' },
  ])('refuses %j', async (headers) => {
    for (const url of ['/v1/customers/ada', '/v1/customers?ids=a', '/v1/top?by=x', '/v1/topics']) {
      const response = await get(url, headers)
      expect(response.statusCode).toBe(401)
      expect(response.headers['www-authenticate']).toBe('Bearer')
      expect(response.json().error.code).toBe('UNAUTHORIZED')
    }
  })

  it('leaves health and readiness open to all, figures and pages to this machine and to keys', async () => {
    for (const url of ['/health', '/ready']) expect((await get(url)).statusCode).toBe(200)
    for (const url of ['/metrics', '/openapi.json', '/docs', '/docs/static/index.html', '/docs/json']) {
      expect((await get(url)).statusCode, url).toBe(401)
      expect((await get(url, bearer('k-shop'))).statusCode, url).toBeLessThan(400)
      expect((await get(url, {}, '127.0.0.1')).statusCode, url).toBeLessThan(400)
      expect((await get(url, { 'x-forwarded-for': FAR }, '127.0.0.1')).statusCode, url).toBe(401)
    }
  })

  it('accepts nobody when the map of keys is empty', async () => {
    const closed = await testApi(view, { keys: new Map() })
    expect((await closed.inject({ url: '/v1/topics', headers: bearer('') })).statusCode).toBe(401)
    await closed.close()
  })
})
