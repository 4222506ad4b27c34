import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../connectors/stack/wait-until.ts'
import { servers } from './servers.ts'

// The package as a stranger gets it: packed, installed into an empty project, run by the Node that runs this test.
const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'everscore-package-'))
const project = join(folder, 'project')
const prefix = `package-${randomUUID().slice(0, 8)}.`

/** This process's environment without what an `npm run` around it says about the checkout. */
function environment(): NodeJS.ProcessEnv {
  const own = /^(npm_(package|lifecycle|command|execpath|node_execpath|config_local_prefix)|INIT_CWD)/
  const kept = Object.entries(process.env).filter(([name]) => !own.test(name))
  const { kafkaBrokers, schemaRegistryUrl, redisUrl } = servers()
  return {
    ...Object.fromEntries(kept),
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    KAFKA_BROKERS: kafkaBrokers,
    SCHEMA_REGISTRY_URL: schemaRegistryUrl,
    REDIS_URL: redisUrl,
    TOPIC_PREFIX: prefix,
    PARTITIONS: '2',
  }
}

/** @returns standard output; a bad end is thrown with both outputs */
async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, env: environment(), maxBuffer: 2 ** 26 })
  return stdout
}

const everscore = join(project, 'node_modules', '.bin', 'everscore')

beforeAll(async () => {
  await run(CHECKOUT, 'npm', 'pack', '--pack-destination', folder)
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }')
  await run(project, 'npm', 'install', '--no-audit', '--no-fund', join(folder, tarball))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('npx everscore tells what it can do', async () => {
  expect(await run(project, 'npx', 'everscore', '--help')).toContain('Usage: everscore <command>')
})

test('the topology runs in memory through the exports', async () => {
  const code = `
    import { createDriver } from 'everscore/test'
    import { scoringTopology } from 'everscore'
    import { TOPICS } from 'everscore/schemas/topics'
    const driver = createDriver({ now: 1_000 })
    const person = { tenantId: 'shop', customerId: 'c-1' }
    const event = { channel: null, itemId: null, durationMs: null, properties: {}, type: 'demo_request' }
    driver.pipe('interactions', { eventId: 'e-1', ...person, ...event, occurredAt: 500 })
    console.log(driver.read('customers').length, scoringTopology.nodes.length > 0, TOPICS.customers.name)`
  writeFileSync(join(project, 'memory.js'), code)
  expect(await run(project, process.execPath, 'memory.js')).toBe('1 true customers\n')
})

test('nothing in it listens to the steps of a unit of work, so no crash point can be armed', () => {
  const code = join(project, 'node_modules', 'everscore', 'dist')
  const users = globSync('**/*.js', { cwd: code }).filter((file) => {
    const text = readFileSync(join(code, file), 'utf8')
    return text.includes('diagnostics_channel') || text.includes('CRASH_AT')
  })
  expect(users).toEqual([join('schemas', 'steps.js')])
  expect(readFileSync(join(code, 'schemas', 'steps.js'), 'utf8')).not.toContain('subscribe(')
})

test('init makes an installation ready; a worker gets ready and stops at SIGTERM with 0', async () => {
  expect(await run(project, everscore, 'init')).toContain(`topic ${prefix}customers: created`)

  const worker = spawn(everscore, ['worker'], { cwd: project, env: environment(), stdio: ['ignore', 'ignore', 'pipe'] })
  const exit = once(worker, 'exit')
  let log = ''
  worker.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  try {
    const said = async () => log.includes('worker is ready') || worker.exitCode !== null
    await waitUntil(said, { timeoutMs: 60_000, what: 'the worker' })
    expect(log).toContain('worker is ready')
    worker.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
  } finally {
    worker.kill('SIGKILL')
  }
})
