import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../api/app.ts'
import { DAY, NOON } from '../processors/build-event.ts'
import { createMemoryView } from './memory-view.ts'
import type { ServingView } from './serving-view.ts'
import { homeOf, lookupOf, NOW, scored, settle, store, testApi } from './test-api.ts'

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

describe('GET /v1/customers/{id}', () => {
  it('has the fields of the record, why, and what it is now', async () => {
    const stored = scored('ada')
    await store(view, stored)
    const response = await get('/v1/customers/ada')
    expect(response.statusCode).toBe(200)
    const { features, contributions, baselines, clv, now, ...record } = response.json()
    const { state: _, ...fields } = stored
    expect(record).toEqual(fields)
    expect(now.asOf).toBe(NOW)
    expect(now.churn.risk).toBeGreaterThan(stored.churn.risk)
    expect(now.lead.probability).toBeLessThan(stored.lead.probability)
    expect(now.rfm.recencyDays).toBeCloseTo(stored.rfm.recencyDays! + 10, 9)
    expect(now.features.engagement_7d).toBeLessThan(features.engagement_7d)
    expect(Object.keys(contributions.churn)).toEqual(Object.keys(features))
    expect(baselines).toEqual({ lead: -3, churn: -1 })
    expect(clv).toMatchObject({ modelVersion: 'clv-7', horizonDays: 365, currency: 'GBP' })
    expect(now.clv.expectedPurchases).toBeLessThan(clv.expectedPurchases)
  })

  it('explains exactly: baseline and contributions add up to the log odds, stored and now', async () => {
    await store(view, scored('ada'))
    const answer = (await get('/v1/customers/ada')).json()
    for (const moment of [answer, answer.now]) {
      for (const [kind, probability] of [
        ['lead', moment.lead.probability],
        ['churn', moment.churn.risk],
      ] as const) {
        const contributions = Object.values<number>(moment.contributions[kind])
        const logOdds = contributions.reduce((sum, each) => sum + each, moment.baselines[kind])
        expect(1 / (1 + Math.exp(-logOdds))).toBeCloseTo(probability, 12)
      }
      for (const reason of [...moment.lead.reasons, ...moment.churn.reasons]) {
        expect(moment.features[reason.feature]).toBe(reason.value)
      }
    }
  })

  it('answers one of the two moments when asked for it', async () => {
    const stored = scored('ada')
    await store(view, stored)
    const both = (await get('/v1/customers/ada')).json()
    const asStored = (await get('/v1/customers/ada?asOf=stored')).json()
    const asNow = (await get('/v1/customers/ada?asOf=now')).json()
    const { now, ...rest } = both
    expect(asStored).toEqual(rest)
    expect(asNow).toMatchObject({ ...now, customerId: 'ada', eventId: stored.eventId, scoredAt: NOW })
    expect(asNow.now).toBeUndefined()
  })

  it('never goes back in time when the record is ahead of the clock', async () => {
    const early = await testApi(view, { now: () => NOON - DAY })
    const stored = scored('ada')
    await store(view, stored)
    const answer = (await early.inject('/v1/customers/ada')).json()
    await early.close()
    expect(answer.now.asOf).toBe(stored.asOf)
    expect(answer.now.lead).toEqual(stored.lead)
  })

  it('does not explain the scores of a model that it does not know', async () => {
    const stored = scored('ada')
    await store(view, { ...stored, lead: { ...stored.lead, modelVersion: 'lead-2025-12' } })
    const answer = (await get('/v1/customers/ada')).json()
    expect(answer.contributions.lead).toBeNull()
    expect(answer.baselines).toEqual({ lead: null, churn: -1 })
    expect(answer.now.contributions.lead).not.toBeNull()
  })

  it.each(['a/b/c', '{x}', '🙂 né', '%2F', 'a+b&c=d?e#f', 'x/rfm', 'é'.repeat(256), '🙂'.repeat(128)])(
    'finds %s',
    async (id) => {
      await store(view, scored(id))
      const response = await get(`/v1/customers/${encodeURIComponent(id)}`)
      expect(response.json().customerId).toBe(id)
      expect((await get(`/v1/customers/${encodeURIComponent(id)}/rfm`)).json().customerId).toBe(id)
    },
  )

  it('answers 404 for a customer that nobody has seen, also in an installation without events', async () => {
    await view.position(homeOf('nobody'), { offset: 0, inputs: '{}' })
    const response = await get('/v1/customers/nobody', { 'x-request-id': 'r-1' })
    expect(response.statusCode).toBe(404)
    expect(response.json()).toEqual({
      error: {
        code: 'NOT_FOUND',
        message: 'no customer of that id',
        details: { field: 'id', id: 'nobody' },
        requestId: 'r-1',
      },
    })
  })

  it.each([
    ['x'.repeat(513), 'id'],
    [encodeURIComponent('🙂'.repeat(129)), 'id'],
    ['x'.repeat(20_000), 'id'],
    ['ada?asOf=tomorrow', 'asOf'],
    ['ada?as_of=now', 'as_of'],
    ['ada?asOf=now&asOf=now', 'asOf'],
    ['ada/rfm?x=1', 'x'],
  ])('names the wrong parameter: case %#, $1', async (path, field) => {
    const response = await get(`/v1/customers/${path}`)
    expect(response.statusCode).toBe(400)
    expect(response.json().error).toMatchObject({ code: 'INPUT_INVALID', details: { field } })
  })

  it('does not take what a partition lacks for an unknown customer', async () => {
    const home = homeOf('ada')
    await view.mark(home, '{"position":10,"to":90}')
    let response = await get('/v1/customers/ada')
    expect(response.statusCode).toBe(503)
    expect(response.headers['retry-after']).toBe('5')
    expect(response.json().error).toMatchObject({
      code: 'REBUILDING',
      details: { partition: home, progress: { position: 10, to: 90 } },
    })
    // Redis came back empty, and nobody has noticed yet.
    await view.mark(home, null)
    await view.position(home, null)
    response = await get('/v1/customers/ada')
    expect(response.json().error.code).toBe('REBUILDING')
    // Built again from a log without input offsets: the worker's word counts, as long as it is fresh.
    await view.position(home, { offset: 5, inputs: '{}' })
    expect((await get('/v1/customers/ada')).statusCode).toBe(404)
    await settle(view, NOW - 16_000)
    await view.position(home, { offset: 5, inputs: '{}' })
    expect((await get('/v1/customers/ada')).statusCode).toBe(503)
  })
})

describe('GET /v1/customers/{id}/rfm', () => {
  it('has the fields of rfm, and the recency of now', async () => {
    const stored = scored('ada', 'default', 3)
    await store(view, stored)
    const answer = (await get('/v1/customers/ada/rfm')).json()
    expect(answer).toMatchObject({ tenantId: 'default', customerId: 'ada', asOf: stored.asOf, ...stored.rfm })
    expect(answer).toMatchObject({ frequency: 3, monetaryMinor: 7500, r: null, f: null, m: null, segment: null })
    expect(answer.now).toEqual({ asOf: NOW, recencyDays: expect.closeTo(stored.rfm.recencyDays! + 10, 9) })
  })

  it('has class, loyalty and the thresholds that they are by', async () => {
    const stored = scored('ada')
    const rfm = { ...stored.rfm, r: 5, f: 1, m: 3, segment: 'Potential' }
    await store(view, { ...stored, rfm, loyalty: { score: 0.42, tier: 'Bronze' }, thresholdsVersion: 4 })
    const wanted = { ...rfm, loyalty: { score: 0.42, tier: 'Bronze' }, thresholdsVersion: 4 }
    expect((await get('/v1/customers/ada/rfm')).json()).toMatchObject(wanted)
  })

  it('has no recency without a purchase', async () => {
    await store(view, scored('ada', 'default', 0))
    const answer = (await get('/v1/customers/ada/rfm')).json()
    expect(answer).toMatchObject({ recencyDays: null, frequency: 0, currency: null, now: { recencyDays: null } })
  })
})

describe('GET /v1/customers?ids=', () => {
  it('lists who was found, in the order of the ids, and who is missing', async () => {
    await store(view, scored('a'), scored('b,c'), scored('d'))
    const response = await get('/v1/customers?ids=d,nobody,b%2Cc,a,d&asOf=stored')
    const { found, missing, rebuilding, partial } = response.json()
    expect(found.map(({ customerId }: { customerId: string }) => customerId)).toEqual(['d', 'b,c', 'a'])
    expect(found[0].now).toBeUndefined()
    expect({ missing, rebuilding, partial }).toEqual({ missing: ['nobody'], rebuilding: [], partial: false })
  })

  it('says which it can say nothing of', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `c-${i}`)
    await store(view, ...ids.map((id) => scored(id)))
    await view.mark(homeOf('c-0'), '{}')
    const answer = (await get(`/v1/customers?ids=${ids.join(',')}`)).json()
    expect(answer.partial).toBe(true)
    expect(answer.rebuilding).toEqual(ids.filter((id) => homeOf(id) === homeOf('c-0')))
    expect(answer.found.length + answer.rebuilding.length).toBe(20)
    expect((await get('/v1/customers?ids=c-0')).statusCode).toBe(503)
  })

  it('takes a hundred of the longest ids', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `${String(i).padStart(4, '0')}${'🙂'.repeat(127)}`)
    const response = await get(`/v1/customers?ids=${ids.map(encodeURIComponent).join(',')}`)
    expect(response.json().missing.length).toBe(100)
  })

  it.each([
    ['', 'nothing'],
    ['?ids=', 'an empty id'],
    ['?ids=a,,b', 'an empty id among others'],
    [`?ids=${'a,'.repeat(100)}a`, 'too many'],
    [`?ids=${'x'.repeat(513)}`, 'too long an id'],
    ['?ids=%FF', 'what is not UTF-8'],
  ])('refuses by name: case %#', async (query) => {
    const response = await get(`/v1/customers${query}`)
    expect(response.statusCode).toBe(400)
    expect(response.json().error.details).toEqual({ field: 'ids', in: 'query' })
  })
})
