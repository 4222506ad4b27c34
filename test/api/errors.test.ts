import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../api/app.ts'
import { toHttpError } from '../../api/http-error.ts'
import { AppError } from '../../schemas/errors.ts'
import { createMemoryView } from './memory-view.ts'
import { type ServingView, scores } from './serving-view.ts'
import { homeOf, lookupOf, scored, settle, store, testApi } from './test-api.ts'

let view: ServingView
let app: App

beforeEach(async () => {
  view = createMemoryView()
  await settle(view)
  await store(view, scored('ada'))
})
beforeAll(async () => {
  app = await testApi({ ...createMemoryView(), lookup: lookupOf(() => view) })
})
afterAll(() => app.close())

const shape = {
  error: { code: expect.any(String), message: expect.any(String), details: {}, requestId: expect.any(String) },
}

describe('every error', () => {
  it.each([
    ['GET', '/nowhere', 404, 'NOT_FOUND'],
    ['GET', '/v1/customers', 400, 'INPUT_INVALID'],
    ['POST', '/v1/customers/ada', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/v1/customers/%FF', 400, 'INPUT_INVALID'],
    ['GET', '/v1/customers/a/b', 404, 'NOT_FOUND'],
  ] as const)('has the one format: %s %s', async (method, url, status, code) => {
    const response = await app.inject({ method, url })
    expect(response.statusCode).toBe(status)
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(response.json()).toMatchObject({ error: { ...shape.error, code, details: expect.any(Object) } })
    expect(Object.keys(response.json().error)).toEqual(['code', 'message', 'details', 'requestId'])
    expect(response.headers['x-request-id']).toBe(response.json().error.requestId)
  })

  it.each([
    ['PATCH', '/v1/customers/a%2Fb/rfm?x=1', 'GET, HEAD'],
    ['POST', '/v1/models/lead/pin', 'DELETE, GET, HEAD, PUT'],
    ['DELETE', '/openapi.json', 'GET, HEAD'],
    ['PUT', '/docs', 'GET, HEAD'],
  ] as const)('of a method names those that the path takes: %s %s', async (method, url, allow) => {
    const response = await app.inject({ method, url })
    expect(response.statusCode).toBe(405)
    expect(response.headers['allow']).toBe(allow)
    expect(response.json().error).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
      message: `${url.split('?')[0]} takes ${allow}, not ${method}`,
      details: { method, allowed: allow.split(', ') },
    })
  })

  it.each([
    ['/v1/customers/%FF', 'id'],
    ['/v1/customers/%C3%28/explain?lang=en', 'id'],
    ['/v1/cross-sell/100%', 'itemId'],
  ])('of a path that cannot be decoded names the parameter: %s', async (url, field) => {
    const response = await app.inject(url)
    expect(response.statusCode).toBe(400)
    expect(response.json().error).toMatchObject({
      code: 'INPUT_INVALID',
      message: `${field} is not percent-encoded UTF-8`,
      details: { field, in: 'path' },
    })
  })

  it.each([
    ['/v1/top?by=foo', 'by must be lead, churn or recent'],
    ['/v1/top', 'by is missing'],
    ['/v1/top?by=lead&limit=0', 'limit must be at least 1'],
    ['/v1/top?by=lead&limit=501', 'limit must be at most 500'],
    ['/v1/top?by=lead&limit=many', 'limit must be a whole number'],
    ['/v1/customers/ada?asof=stored', 'asof is not a parameter here'],
    ['/v1/customers?ids=a,', 'ids must not be empty'],
    [`/v1/customers?ids=${'a,'.repeat(100)}b`, 'ids must have at most 100 items'],
    ['/v1/cross-sell-matrix?metric=foo', 'metric must be confidence or lift'],
    ['/v1/cross-sell-matrix?ids=a,a', 'ids must not have the same item twice'],
    [`/v1/cross-sell/${'x'.repeat(257)}`, 'itemId must have at most 256 characters', 'path'],
    ['/v1/models/clv/train', 'kind must be lead or churn', 'path'],
  ])('of a parameter says what it must be: %s', async (url, message, where = 'query') => {
    const { error } = (await app.inject(url)).json()
    expect(error).toMatchObject({ code: 'INPUT_INVALID', message })
    expect(error.details).toEqual({ field: message.split(' ')[0], in: where })
  })

  it.each([
    [undefined, 'the body must be an object', 'body'],
    [[1], 'the body must be an object', 'body'],
    [{}, 'version is missing', 'version'],
    [{ version: {} }, 'version must be null or a text', 'version'],
    [{ version: 'v-1', since: 3 }, 'since is not a field here', 'since'],
  ])('of a body says what it must be: %j', async (payload, message, field) => {
    const put = { method: 'PUT', url: '/v1/models/lead/pin', ...(payload && { payload }) } as const
    const { error } = (await app.inject(put)).json()
    expect(error).toMatchObject({ code: 'INPUT_INVALID', message, details: { field, in: 'body' } })
  })

  it('keeps the request id of the caller, unless it is unfit', async () => {
    const idOf = async (sent: string) =>
      (await app.inject({ url: '/health', headers: { 'x-request-id': sent } })).headers['x-request-id']
    expect(await idOf('trace-1/2:3')).toBe('trace-1/2:3')
    expect(await idOf('x'.repeat(129))).toMatch(/^[\da-f-]{36}$/)
    expect(await idOf('a b"')).toMatch(/^[\da-f-]{36}$/)
  })

  it('of a Redis that is away is 503, without its address', async () => {
    const away = async (): Promise<never> => {
      throw new AppError('REDIS_UNAVAILABLE', 'redis does not answer: ECONNREFUSED 10.0.0.7', { retryable: true })
    }
    const alone = await testApi(view, { lookup: { read: away, top: away, installation: away } })
    for (const url of ['/v1/customers/ada', '/v1/customers?ids=ada', '/v1/top?by=lead', '/v1/topics']) {
      const response = await alone.inject(url)
      expect(response.statusCode).toBe(503)
      expect(response.headers['retry-after']).toBe('5')
      expect(response.json().error).toMatchObject({ code: 'REDIS_UNAVAILABLE', details: {} })
      expect(response.body).not.toContain('10.0.0.7')
    }
    await alone.close()
  })

  it('of ours tells nothing but that it is ours', async () => {
    const broken = await testApi(view, {
      rescorer: {
        explain: () => {
          throw new TypeError('secret at /srv/app.ts:3')
        },
        rescore: () => {
          throw new AppError('INTERNAL', 'secret', { details: { secret: 1 } })
        },
      },
    })
    for (const url of ['/v1/customers/ada', '/v1/customers/ada?asOf=now']) {
      const response = await broken.inject(url)
      expect(response.statusCode).toBe(500)
      expect(response.json().error).toMatchObject({ code: 'INTERNAL', details: {} })
      expect(response.body).not.toContain('secret')
    }
    await broken.close()
  })

  it('of an unreadable record is ours, not the caller’s', async () => {
    const value = Buffer.from([1, 2, 3])
    await view.put(homeOf('odd'), [{ tenantId: 'default', customerId: 'odd', value, scores: scores(0) }])
    const response = await app.inject('/v1/customers/odd')
    expect(response.statusCode).toBe(500)
    expect(response.json().error.code).toBe('STATE_UNREADABLE')
  })

  it('of a registry that is away may pass', async () => {
    const value = Buffer.from([0, 0, 0, 0, 99, 1])
    await view.put(homeOf('odd'), [{ tenantId: 'default', customerId: 'odd', value, scores: scores(0) }])
    const waiting = await testApi(view, {
      decodeCustomer: () => {
        throw new AppError('SCHEMA_UNKNOWN', 'registry away', { retryable: true })
      },
    })
    expect((await waiting.inject('/v1/customers/odd')).statusCode).toBe(503)
    await waiting.close()
  })

  it.each([
    ['{', 'application/json', 400, 'INPUT_INVALID'],
    ['x'.repeat(1_100_000), 'application/json', 413, 'BODY_TOO_LARGE'],
  ] as const)('covers bodies: %#', async (payload, type, status, code) => {
    const headers = { 'content-type': type }
    const response = await app.inject({ method: 'POST', url: '/v1/top', payload, headers })
    expect(response.statusCode).toBe(status)
    expect(response.json().error.code).toBe(code)
  })

  it('covers media types', () => {
    expect(toHttpError({ statusCode: 415 }, 'r-1')).toMatchObject({
      status: 415,
      body: { error: { code: 'MEDIA_TYPE_UNSUPPORTED', requestId: 'r-1' } },
    })
  })
})
