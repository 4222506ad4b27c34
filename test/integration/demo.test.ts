import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { demoRuntime } from '../../bin/demo.ts'
import { waitUntil } from '../../connectors/stack/wait-until.ts'
import type { DemoReport } from '../../demo/demo-report.ts'
import { playDemo } from '../../demo/play-demo.ts'
import type { Stage } from '../../demo/stage.ts'
import { Terminal } from '../../demo/terminal.ts'
import { servers } from './servers.ts'
import { withAdmin, withRedis } from './stack-clients.ts'

const EVERSCORE = fileURLToPath(new URL('../../bin/everscore.ts', import.meta.url))
const LIMIT = 150

const env = () => {
  const { kafkaBrokers, schemaRegistryUrl, redisUrl } = servers()
  const given = { KAFKA_BROKERS: kafkaBrokers, SCHEMA_REGISTRY_URL: schemaRegistryUrl, REDIS_URL: redisUrl }
  // A prefix of the test's own: other demos may run on the same servers.
  return { ...process.env, ...given, PORT: '0', PARTITIONS: '4', TOPIC_PREFIX: 'demo-test.' }
}

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

function demo(...args: string[]) {
  const child = spawn(process.execPath, [EVERSCORE, 'demo', ...args], {
    env: env(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  return { child, said: () => said, exit: once(child, 'exit') }
}

/** What a demo would leave on the servers if it left anything. */
async function remains(): Promise<string[]> {
  const topics = await withAdmin(servers().kafkaBrokers, (admin) => admin.listTopics())
  const keys = await withRedis(servers().redisUrl, (redis) => redis.keys('demo-test.*'))
  return [...topics.filter((topic) => topic.startsWith('demo-test.')), ...keys]
}

describe('everscore demo', () => {
  it('checks its own books with --once, says so in the last line, and leaves nothing behind', async () => {
    // Days enough for people to answer surveys.
    const { said, exit } = demo('--once', '--limit', '500')
    const [code, signal] = await exit
    expect([code, signal], said()).toEqual([0, null])
    const report = JSON.parse(said().trim().split('\n').at(-1)!) as DemoReport
    expect(report).toMatchObject({ mismatches: 0, deadLetters: 10, duplicates: 20 })
    const { inputs, scored, eventsPerSecond, p50Ms, p99Ms, changes, customers, recomputed } = report
    expect(inputs.transactions).toBeGreaterThanOrEqual(500)
    expect(scored).toBe(Object.values(inputs).reduce((sum, each) => sum + each, 0) - 30)
    expect(report.swaps).toBe(0)
    expect(changes).toBeGreaterThanOrEqual(2 * customers)
    expect(recomputed).toBe(Math.min(500, customers))
    expect(eventsPerSecond).toBeGreaterThan(0)
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms)
    const { npsResults, answers, crossSellPairs, thresholdsVersion, segments, tiers } = report
    expect(npsResults).toBeGreaterThanOrEqual(2 * 9)
    expect(answers).toBeGreaterThan(0)
    expect(crossSellPairs).toBeGreaterThan(0)
    expect(thresholdsVersion).toBeGreaterThan(0)
    for (const names of [segments, tiers]) {
      const classified = Object.values(names).reduce((sum, each) => sum + each, 0)
      expect(classified).toBeGreaterThan(20)
      expect(classified).toBeLessThanOrEqual(customers)
    }
    expect(await remains()).toEqual([])
  })

  it('learns a model, lets it take over while events flow, and finds each score made by the version that it names', {
    timeout: 240_000,
  }, async () => {
    const { said, exit } = demo('--once', '--limit', '2600')
    const [code, signal] = await exit
    expect([code, signal], said()).toEqual([0, null])
    const report = JSON.parse(said().trim().split('\n').at(-1)!) as DemoReport
    expect(report).toMatchObject({ mismatches: 0, recomputed: 500 })
    expect(report.inputs.outcomes).toBeGreaterThan(1_000)
    expect(report.swaps).toBeGreaterThanOrEqual(1)
    // The last record by the prior scorecard, the first by the model, and the one after it, where there is one.
    expect(report.recomputedAtSwaps).toBeGreaterThan(800)
    expect(said()).toMatch(/lead model: a training begins/)
    expect(said()).toMatch(/lead model (lead-\S+) promoted: learned from \d+ examples; log loss/)
    expect(said()).toMatch(/lead model (lead-\S+) scores: /)
  })

  it('finds a customer that somebody changed in Redis', async () => {
    let spoilt = ''
    const spoil = async ({ redis, keys, target }: Stage): Promise<void> => {
      for (let partition = 0; partition < target.partitions && spoilt === ''; partition++) {
        const [key, other] = await redis.hkeys(keys.customers(partition))
        if (key === undefined || other === undefined) continue
        await redis.hset(keys.customers(partition), key, (await redis.hgetBuffer(keys.customers(partition), other))!)
        spoilt = key
      }
    }
    let said = ''
    const report = await playDemo(
      { once: true, limit: LIMIT, seed: 1 },
      {
        env: env(),
        everscore: EVERSCORE,
        runtime: demoRuntime,
        terminal: new Terminal({ write: (text) => (said += text) }),
        stopping: new AbortController(),
        beforeBooks: spoil,
      },
    )
    expect(report?.mismatches).toBeGreaterThanOrEqual(2)
    expect(said).toContain(`mismatch: ${spoilt} in Redis is not its newest record of customers`)
    expect(said).toMatch(new RegExp(`mismatch: ${spoilt}: .* is .*, not `))
  })

  it('serves until it is interrupted, and its copied lines work', async () => {
    const { child, said, exit } = demo('--limit', '40')
    await waitUntil(async () => said().includes('Ctrl-C stops'), { timeoutMs: 60_000, what: 'the guide' })
    const asks = [...said().matchAll(/curl -s '(.*?)'/g)].map(([, url]) => url!)
    expect(asks.length).toBeGreaterThanOrEqual(6)
    for (const url of asks) expect([url, (await fetch(url)).status]).toEqual([url, 200])
    child.kill('SIGINT')
    expect(await exit).toEqual([0, null])
    await expect(fetch(asks[0]!)).rejects.toThrow('fetch failed')
    expect(await remains()).toEqual([])
  })

  it('says what is wrong with an option', async () => {
    const { child, exit } = demo('--limit', 'ten')
    child.stdout?.resume()
    expect(await exit).toEqual([2, null])
  })
})
