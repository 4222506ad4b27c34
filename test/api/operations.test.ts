import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../api/app.ts'
import type { CustomerLookup } from '../../api/customer-lookup.ts'
import { AppError } from '../../schemas/errors.ts'
import { createMemoryView } from './memory-view.ts'
import { runningWorker, type ServingView, workerReport } from './serving-view.ts'
import { lookupOf, NOW, PARTITIONS, settle, testApi } from './test-api.ts'

let view: ServingView
let app: App
const get = (url: string, headers = {}) => app.inject({ url, headers })

beforeEach(async () => {
  view = createMemoryView()
})
beforeAll(async () => {
  app = await testApi({ ...createMemoryView(), lookup: lookupOf(() => view) })
})
afterAll(() => app.close())

const away = async (): Promise<never> => {
  throw new AppError('REDIS_UNAVAILABLE', 'redis does not answer: connect ECONNREFUSED 10.0.0.7:6379', {
    retryable: true,
  })
}
const redisAway: CustomerLookup = { read: away, top: away, installation: away }

describe('/ready', () => {
  const waitsFor = async () => (await get('/ready')).json().error?.details.waitingFor

  it('says what it waits for, until every partition is served', async () => {
    expect(await waitsFor()).toEqual(['the installation to be set up (everscore init)'])
    await view.setUp(6)
    expect(await waitsFor()).toEqual(['a restart of this process: the installation has 6 partitions, not 4 any more'])
    await settle(view)
    expect((await get('/ready')).json()).toEqual({ ready: true })
    await view.mark(2, '{}')
    expect(await waitsFor()).toEqual(['partition 2 to be rebuilt'])
    await view.mark(2, null)
    await view.report('w-1', {
      ...runningWorker(PARTITIONS, NOW),
      tasks: [
        { partition: 0, state: 'running', lag: [] },
        { partition: 1, state: 'restoring', restore: { from: 100, to: 1_100, position: 500, seconds: 2 }, lag: [] },
      ],
    })
    expect(await waitsFor()).toEqual([
      'partition 1 to be restored: 40 %, 200 records/s, 3 s left',
      'a worker to take partition 2',
      'a worker to take partition 3',
    ])
    const response = await get('/ready')
    expect(response.statusCode).toBe(503)
    expect(response.json().error.code).toBe('NOT_READY')
  })

  it('waits for results of windows, once somebody counts', async () => {
    await settle(view)
    await view.markResults(1, '{}')
    expect(await waitsFor()).toEqual(['the results of partition 1 to be rebuilt'])
    await view.markResults(1, null)
    const worker = runningWorker(PARTITIONS, NOW)
    const counting = worker.aggregateTasks!
    await view.report('w-1', {
      ...worker,
      aggregateTasks: [{ ...counting[0]!, state: 'restoring' }, ...counting.slice(2)],
    })
    expect(await waitsFor()).toEqual([
      'the results of partition 0 to be restored',
      'a worker to take the results of partition 1',
    ])
    await view.report('w-1', { ...worker, aggregateTasks: [] })
    expect((await get('/ready')).json()).toEqual({ ready: true })
  })

  it('waits for Redis', async () => {
    const alone = await testApi(view, { lookup: redisAway })
    const response = await alone.inject('/ready')
    expect(response.statusCode).toBe(503)
    expect(response.json().error.details).toEqual({ waitingFor: ['Redis to answer'] })
    await alone.close()
  })
})

describe('/health', () => {
  it('names live workers, partitions without one, partitions that stand still, and reports it cannot read', async () => {
    expect((await get('/health')).json()).toMatchObject({
      status: 'degraded',
      dependencies: { workers: { state: 'down', live: [], unowned: [0, 1, 2, 3] } },
    })
    await settle(view, NOW - 1_000)
    expect((await get('/health')).json()).toEqual({
      status: 'ok',
      version: '0.1.0-test',
      dependencies: {
        redis: { state: 'up' },
        workers: {
          state: 'up',
          live: [{ workerId: 'w-1', version: '0.1.0', ageMs: 1_000, partitions: [0, 1, 2, 3] }],
          unowned: [],
          rebuilding: [],
          failing: [],
          unreadable: [],
        },
        aggregates: {
          state: 'up',
          partitions: [0, 1, 2, 3].map((partition) => ({ partition, state: 'running', workerId: 'w-1', lag: 3 })),
          unowned: [],
          rebuilding: [],
          failing: [],
        },
      },
    })
    const failure = { code: 'SCHEMA_INCOMPATIBLE', message: "schema 9 can't be read" }
    await view.report('w-2', {
      ...workerReport({ at: NOW, tasks: [{ partition: 3, state: 'paused', failure, lag: [] }] }),
      workerId: 'w-2',
    })
    await view.report('w-3', '?')
    expect((await get('/health')).json()).toMatchObject({
      status: 'degraded',
      dependencies: {
        workers: { failing: [{ partition: 3, state: 'paused', code: 'SCHEMA_INCOMPATIBLE' }], unreadable: ['w-3'] },
      },
    })
  })

  it('is degraded while windows are not counted, or their results rebuilt', async () => {
    await settle(view)
    await view.markResults(2, '{}')
    expect((await get('/health')).json()).toMatchObject({
      status: 'degraded',
      dependencies: { workers: { rebuilding: [] }, aggregates: { rebuilding: [2], unowned: [] } },
    })
    await view.markResults(2, null)
    const failure = { code: 'OFFSETS_UNKNOWN', message: 'deltas were read whose counts are gone' }
    const worker = runningWorker(PARTITIONS, NOW)
    const paused = { ...worker.aggregateTasks![3]!, state: 'paused' as const, failure }
    await view.report('w-1', { ...worker, aggregateTasks: [paused] })
    expect((await get('/health')).json()).toMatchObject({
      status: 'degraded',
      dependencies: {
        workers: { unowned: [], failing: [] },
        aggregates: { unowned: [0, 1, 2], failing: [{ partition: 3, state: 'paused', code: 'OFFSETS_UNKNOWN' }] },
      },
    })
  })

  it('is degraded while the installation has another number of partitions', async () => {
    await settle(view)
    await view.setUp(6)
    expect((await get('/health')).json().status).toBe('degraded')
  })

  it('is alive without Redis, and says so', async () => {
    const alone = await testApi(view, { lookup: redisAway })
    const response = await alone.inject('/health')
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({
      status: 'degraded',
      dependencies: { redis: { state: 'down', code: 'REDIS_UNAVAILABLE' }, workers: { state: 'unknown' } },
    })
    await alone.close()
  })
})

describe('/metrics', () => {
  it('is Prometheus text, of requests and of workers', async () => {
    await settle(view)
    await get('/v1/customers/nobody')
    await get('/nowhere')
    const response = await get('/metrics')
    expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    const families = parsePrometheus(response.body)
    expect(families.get('everscore_redis_up')).toEqual(new Map([['everscore_redis_up{}', 1]]))
    expect(families.get('everscore_topic_lag_records')?.size).toBe(2 * PARTITIONS)
    expect(response.body).toContain('everscore_aggregate_partitions_unowned 0\n')
    expect(response.body).toContain('everscore_aggregate_partitions_rebuilding 0\n')
    expect(response.body).toContain('everscore_dead_letters_total{worker="w-1",reason="bad \\"json\\""} 1\n')
    expect(response.body).toContain('everscore_records_lost_total{worker="w-1"} 4\n')
    expect(response.body).toContain('everscore_timers_fired_total{worker="w-1"} 6\n')
    expect(response.body).toContain('everscore_timers_failed_total{worker="w-1"} 1\n')
    expect(response.body).toContain('everscore_timers_pending{partition="2"} 12\n')
    expect(response.body).toContain('everscore_timers_overdue_seconds{partition="2"} 1.5\n')
    expect(response.body).toContain('everscore_ingest_to_visible_seconds{worker="w-1",quantile="0.95"} 0.0095\n')
    const requests = families.get('everscore_http_request_duration_seconds')!
    const labels = 'method="GET",route="/v1/customers/:id",status="404"'
    expect(requests.get(`everscore_http_request_duration_seconds_count{${labels}}`)).toBe(1)
    expect(requests.get(`everscore_http_request_duration_seconds_bucket{${labels},le="+Inf"}`)).toBe(1)
    expect(response.body).toContain('route="unknown",status="404"')
  })

  it('answers without Redis', async () => {
    const alone = await testApi(view, { lookup: redisAway })
    expect((await alone.inject('/metrics')).body).toContain('\neverscore_redis_up 0\n')
    await alone.close()
  })
})

/** A strict reader of the text format: family → sample → value. What doesn't follow the grammar throws. */
function parsePrometheus(text: string): Map<string, Map<string, number>> {
  const families = new Map<string, Map<string, number>>()
  let family = ''
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.slice(0, -1).split('\n')) {
    const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line)
    const help = /^# HELP ([a-z_]+) \S.*$/.exec(line)
    const sample = /^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (-?[\d.]+(?:e[+-]?\d+)?|[+-]Inf|NaN)$/.exec(
      line,
    )
    if (help) {
      family = help[1]!
      expect(families.has(family), `${family} stands in one piece`).toBe(false)
      families.set(family, new Map())
    } else if (type) expect(type[1]).toBe(family)
    else if (sample) {
      expect(sample[1]!.replace(/_(bucket|sum|count)$/, '')).toBe(family)
      families.get(family)!.set(`${sample[1]}${sample[2] ?? '{}'}`, Number(sample[3]))
    } else throw new Error(`not a line of the format: ${line}`)
  }
  return families
}
