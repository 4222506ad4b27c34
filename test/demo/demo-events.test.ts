import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { DEMO_FILE, demoEvents, readTransactions } from '../../demo/simulator/demo-events.ts'
import { compareEvents } from '../../demo/simulator/event-order.ts'
import { simulate } from '../../demo/simulator/simulate.ts'
import type { InputEvent } from '../../schemas/events.ts'
import { TemporaryFolder } from '../connectors/file-replay/build-replay.ts'
import { collect } from './collect.ts'

const SEED = 1

describe('demoEvents', () => {
  let events: InputEvent[]
  beforeAll(async () => {
    events = await collect(demoEvents(DEMO_FILE, SEED))
  }, 60_000)

  it('merges the real invoices and the simulated events in the order of time', () => {
    const real = events.filter(({ event }) => event.eventId.startsWith('retail-'))
    expect(real).toHaveLength(22_190)
    expect(events.length - real.length).toBeGreaterThan(100_000)
    expect(events.length - real.length).toBeLessThan(200_000)
    expect(new Set(events.map(({ event }) => event.eventId)).size).toBe(events.length)
    expect(events.every((event, i) => i === 0 || compareEvents(events[i - 1]!, event) < 0)).toBe(true)
  })

  it('is what the file and the seed say, recomputed part by part', { timeout: 30_000 }, async () => {
    using folder = new TemporaryFolder()
    const lines = gunzipSync(readFileSync(DEMO_FILE)).toString('utf8').split('\n', 10_000)
    const path = folder.file('beginning.csv', lines.join('\n'))
    const merged = await collect(demoEvents(path, SEED))
    const real = await readTransactions(path)
    const byId = new Map(merged.map((each) => [each.event.eventId, each.event]))
    const parts = [...real, ...simulate(real, { seed: SEED }).map(({ event }) => event)]
    expect(parts.length).toBeGreaterThan(1000)
    expect(parts.map(({ eventId }) => byId.get(eventId))).toEqual(parts)
    expect(merged).toHaveLength(parts.length)
  })

  it('can be iterated again, and fails at a file that is not there', async () => {
    using folder = new TemporaryFolder()
    const header = 'invoice,stock_code,description,quantity,invoice_ts,unit_price,customer_id,country\n'
    const path = folder.file('a.csv', `${header}1,22752,DOLL,2,2010-12-01T08:26:00,7.65,17850,United Kingdom\n`)
    const stream = demoEvents(path, SEED)
    const once = await collect(stream)
    expect(once.length).toBeGreaterThan(1)
    expect(await collect(stream)).toEqual(once)
    await expect(collect(demoEvents('/nowhere', SEED))).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })

  it('ships the file that its README describes', () => {
    const readme = readFileSync(new URL('../../demo/data/README.md', import.meta.url), 'utf8')
    expect(readme).toContain(createHash('sha256').update(readFileSync(DEMO_FILE)).digest('hex'))
  })
})
