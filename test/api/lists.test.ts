import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../api/app.ts'
import { createMemoryView } from './memory-view.ts'
import { runningWorker, type ServingView, scores } from './serving-view.ts'
import { lookupOf, NOW, PARTITIONS, scored, settle, store, testApi } from './test-api.ts'

interface Page {
  readonly items: readonly { readonly customerId: string; readonly value: number }[]
  readonly next: string | null
}

let view: ServingView
let app: App
const get = (url: string, headers = {}) => app.inject({ url, headers })

beforeEach(async () => {
  view = createMemoryView()
  await settle(view)
})
beforeAll(async () => {
  app = await testApi({ ...createMemoryView(), lookup: lookupOf(() => view) })
})
afterAll(() => app.close())

describe('GET /v1/top', () => {
  it.each(['lead', 'churn', 'recent'] as const)('lists by %s, page after page', async (by) => {
    const customers = Array.from({ length: 7 }, (_, i) => scored(`c-${i}`, 'default', i % 3))
    await store(view, ...customers)
    const values: number[] = []
    const ids: string[] = []
    for (let next: string | null = ''; next !== null; ) {
      const page: Page = (await get(`/v1/top?by=${by}&limit=3${next && `&cursor=${next}`}`)).json()
      expect(page).toMatchObject({ by, partial: false })
      values.push(...page.items.map(({ value }) => value))
      ids.push(...page.items.map(({ customerId }) => customerId))
      next = page.next
    }
    expect([...ids].sort()).toEqual(customers.map(({ customerId }) => customerId))
    expect(values).toEqual([...values].sort((one, other) => other - one))
    const item = (await get(`/v1/top?by=${by}&limit=1`)).json().items[0]
    const { asOf, lead, churn } = customers.find(({ customerId }) => customerId === item.customerId)!
    expect(item).toMatchObject({ asOf, lead, churn })
    expect(item.value).toBeCloseTo({ lead: lead.probability, churn: churn.risk, recent: asOf }[by], 8)
  })

  it('leaves out whoever was erased since the index was read', async () => {
    await store(view, scored('ada'))
    for (let p = 0; p < PARTITIONS; p++) {
      await view.put(p, [{ tenantId: 'default', customerId: 'gone', scores: scores(1) }])
    }
    const { items } = (await get('/v1/top?by=lead')).json()
    expect(items.map(({ customerId }: { customerId: string }) => customerId)).toEqual(['ada'])
  })

  it('is partial while a partition is rebuilt', async () => {
    await view.mark(0, '{}')
    expect((await get('/v1/top?by=lead')).json()).toEqual({ by: 'lead', items: [], next: null, partial: true })
  })

  it.each([
    ['', 'by'],
    ['?by=score', 'by'],
    ['?by=lead&limit=0', 'limit'],
    ['?by=lead&limit=501', 'limit'],
    ['?by=lead&limit=many', 'limit'],
    ['?by=lead&limit=1.5', 'limit'],
    ['?by=lead&limit=', 'limit'],
    ['?by=lead&cursor=x', 'cursor'],
    ['?by=lead&cursor=', 'cursor'],
    ['?by=lead&limt=3', 'limt'],
  ])('refuses %s by name', async (query, field) => {
    const response = await get(`/v1/top${query}`)
    expect(response.statusCode).toBe(400)
    expect(response.json().error.details).toEqual({ field, in: 'query' })
  })
})

describe('GET /v1/topics', () => {
  it('sums lag by topic and says the worst latency', async () => {
    const answer = (await get('/v1/topics')).json()
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition)
    expect(answer.topics).toEqual(
      ['interactions', 'nps-deltas'].map((topic) => ({
        topic,
        lag: 3 * PARTITIONS,
        partitions: partitions.map((partition) => ({ partition, position: 7, end: 10, lag: 3, workerId: 'w-1' })),
      })),
    )
    expect(answer.latency.ingestToVisible).toEqual({ p50Ms: 4, p95Ms: 9.5, p99Ms: 20, count: 100 })
    expect(answer).toMatchObject({ unowned: [], partial: false })
  })

  it('believes the newest of two owners, and nobody who has been silent', async () => {
    await view.report('w-0', { ...runningWorker(2, NOW - 1_000, 50), workerId: 'w-0' })
    await view.report('w-9', { ...runningWorker(4, NOW - 20_000, 90), workerId: 'w-9' })
    await view.report('w-1', { ...runningWorker(1, NOW, 0), workerId: 'w-1' })
    const answer = (await get('/v1/topics')).json()
    expect(answer.topics[0].partitions.map(({ lag, workerId }: Record<string, unknown>) => [lag, workerId])).toEqual([
      [0, 'w-1'],
      [50, 'w-0'],
    ])
    expect(answer).toMatchObject({ unowned: [2, 3], partial: true })
  })
})
