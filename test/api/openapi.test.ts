import { Check, Errors } from 'typebox/schema'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from '../../api/app.ts'
import { createMemoryView } from './memory-view.ts'
import { scored, settle, store, testApi } from './test-api.ts'

interface Content {
  readonly schema: Record<string, unknown>
  readonly example?: unknown
}
interface Operation {
  readonly summary: string
  readonly operationId: string
  readonly tags: readonly string[]
  readonly security?: readonly unknown[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
  }[]
  readonly responses: Record<string, { readonly description: string; readonly content: Record<string, Content> }>
}
interface Document {
  readonly openapi: string
  readonly paths: Record<string, { readonly get: Operation }>
  readonly components: { readonly schemas: Record<string, Record<string, unknown>>; readonly securitySchemes?: object }
  readonly security?: readonly unknown[]
}

const view = createMemoryView()
let app: App
let document: Document

beforeAll(async () => {
  await settle(view)
  await store(view, scored('ada'), scored('a/b', 'default', 0))
  app = await testApi(view)
  document = (await app.inject('/openapi.json')).json()
})
afterAll(() => app.close())

/** The schema with what it refers to, so that it stands alone. */
const whole = (schema: Record<string, unknown>) => ({ ...schema, components: document.components })
const faults = (schema: Record<string, unknown>, value: unknown): unknown =>
  Check(whole(schema), value) ? [] : Errors(whole(schema), value)
const okOf = (path: string) => document.paths[path]!.get.responses['200']!.content

describe('/openapi.json', () => {
  it('describes every route: what for, parameters, answers and errors', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths).sort()).toEqual([
      '/health',
      '/metrics',
      '/openapi.json',
      '/ready',
      '/v1/cross-sell',
      '/v1/cross-sell-matrix',
      '/v1/cross-sell/{itemId}',
      '/v1/customers',
      '/v1/customers/{id}',
      '/v1/customers/{id}/explain',
      '/v1/customers/{id}/rfm',
      '/v1/models',
      '/v1/models/{kind}/pin',
      '/v1/models/{kind}/shadow',
      '/v1/models/{kind}/train',
      '/v1/nps',
      '/v1/top',
      '/v1/topics',
    ])
    for (const [path, { get }] of Object.entries(document.paths)) {
      expect(get.summary, path).toMatch(/\S/)
      expect(get.tags.length, path).toBe(1)
      for (const { name, in: where, description } of get.parameters ?? []) {
        if (name !== 'limit' && name !== 'by') expect(description, `${path} ${where} ${name}`).toMatch(/\S/)
      }
      for (const { description } of Object.values(get.responses)) expect(description).toMatch(/\S/)
      if (path.startsWith('/v1/')) {
        expect(Object.keys(get.responses)).toEqual(expect.arrayContaining(['200', '400', '401', '500', '503']))
        expect(get.parameters?.some(({ name }) => name === 'x-tenant-id')).toBe(true)
      }
    }
    expect(Object.keys(document.paths['/v1/customers/{id}']!.get.responses)).toContain('404')
  })

  it('names every operation, each by another name', () => {
    const ids = Object.values(document.paths).flatMap((operations) =>
      Object.values<Operation>(operations).map(({ operationId }) => operationId),
    )
    expect(ids).toEqual(
      expect.arrayContaining(['getCustomersByIdExplain', 'getCrossSellMatrix', 'putModelsByKindPin', 'getHealth']),
    )
    for (const id of ids) expect(id).toMatch(/^[a-z]+([A-Z][A-Za-z0-9]*)+$/)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it.each([
    ['/v1/top', ['by']],
    ['/v1/nps', []],
    ['/v1/cross-sell', ['category']],
    ['/v1/cross-sell-matrix', []],
    ['/v1/customers/{id}/explain', ['id']],
    ['/v1/customers', ['ids']],
  ])('%s requires only what has no default', (path, required) => {
    const parameters = document.paths[path]!.get.parameters!
    expect(parameters.filter((each) => each.required).map(({ name }) => name)).toEqual(required)
  })

  it('has examples that follow their own schemas', () => {
    const described = [
      ...Object.values(document.components.schemas).map(
        (schema) => [schema, (schema['examples'] as unknown[] | undefined) ?? []] as const,
      ),
      ...Object.keys(document.paths)
        .flatMap((path) => Object.values(okOf(path)))
        .map(({ schema, example }) => [schema, example === undefined ? [] : [example]] as const),
    ]
    for (const [schema, examples] of described) {
      for (const example of examples) expect(faults(schema, example)).toEqual([])
    }
    // Error, Customer, and every route but the one of a customer, whose example is Customer's, and this description.
    expect(described.flatMap(([, examples]) => examples).length).toBe(2 + Object.keys(document.paths).length - 2)
  })

  it.each([
    ['/v1/customers/{id}', '/v1/customers/ada'],
    ['/v1/customers/{id}', '/v1/customers/a%2Fb?asOf=now'],
    ['/v1/customers/{id}/rfm', '/v1/customers/a%2Fb/rfm'],
    ['/v1/customers/{id}/explain', '/v1/customers/ada/explain?lang=pt'],
    ['/v1/models', '/v1/models'],
    ['/v1/customers', '/v1/customers?ids=ada,nobody'],
    ['/v1/top', '/v1/top?by=churn&limit=1'],
    ['/v1/topics', '/v1/topics'],
    ['/health', '/health'],
    ['/ready', '/ready'],
  ])('%s is what is answered at %s', async (path, url) => {
    const response = await app.inject(url)
    expect(response.statusCode).toBe(200)
    expect(faults(okOf(path)['application/json']!.schema, response.json())).toEqual([])
  })

  it('describes errors as they are', async () => {
    const schema = { $ref: '#/components/schemas/Error' }
    for (const url of ['/v1/customers/nobody', '/v1/top', '/nowhere']) {
      expect(faults(schema, (await app.inject(url)).json())).toEqual([])
    }
    expect(faults(schema, {})).not.toEqual([])
  })

  it('asks for a bearer key where keys are configured, but not of load balancers', async () => {
    const keyed = await testApi(view, { keys: new Map([['k', 'shop']]) })
    const described: Document = (await keyed.inject('/openapi.json')).json()
    expect(described.components.securitySchemes).toEqual({ bearerKey: { type: 'http', scheme: 'bearer' } })
    expect(described.security).toEqual([{ bearerKey: [] }])
    for (const path of ['/health', '/ready']) expect(described.paths[path]!.get.security).toEqual([])
    expect(described.paths['/v1/top']!.get.parameters?.some(({ name }) => name === 'x-tenant-id')).toBe(false)
    await keyed.close()
  })
})

describe('/docs', () => {
  it('is where / leads to', async () => {
    const response = await app.inject('/')
    expect(response.statusCode).toBe(302)
    expect(response.headers.location).toBe('/docs')
  })

  it('brings everything it shows with it', async () => {
    const page = await app.inject('/docs')
    expect(page.statusCode).toBe(200)
    const urls = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!)
    expect(urls.length).toBeGreaterThan(3)
    for (const url of urls) {
      expect(url).not.toMatch(/^(https?:)?\/\//)
      expect((await app.inject(new URL(url, 'http://local/docs').pathname)).statusCode, url).toBe(200)
    }
  })
})
