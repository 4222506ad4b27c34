import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askProgram } from '../../connectors/stack/ask-program.ts'
import { servers } from './servers.ts'
import { withAdmin } from './stack-clients.ts'
import { processesOf, type StackProcess, spawnStack, untilGone } from './stack-process.ts'

const { KAFKA_BROKERS: _k, SCHEMA_REGISTRY_URL: _s, REDIS_URL: _r, ...env } = process.env
let folder: string
let running: StackProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'everscore-test-'))
  running = []
})

afterEach(async () => {
  for (const stack of running) {
    if (stack.child.exitCode === null && stack.child.signalCode === null) stack.child.kill('SIGTERM')
    await stack.exitCode()
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

function spawnJava(args: readonly string[], more: NodeJS.ProcessEnv = {}): StackProcess {
  const stack = spawnStack([...args, '--with', 'java'], { ...env, ...more })
  running.push(stack)
  return stack
}

test('prints the addresses, and SIGTERM stops all servers in order', async () => {
  const stack = spawnJava(['--data', folder])
  await stack.untilReady()
  expect(Object.keys(stack.printed())).toEqual(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'REDIS_URL'])
  const processes = processesOf(folder)
  expect(processes).toHaveLength(6)
  stack.child.kill('SIGTERM')
  expect(await stack.exitCode()).toBe(0)
  await untilGone(processes)
})

test('no server outlives a parent that was killed, and the next run starts over the same folder', async () => {
  const first = spawnJava(['--data', folder])
  await first.untilReady()
  await withAdmin(first.printed()['KAFKA_BROKERS'] ?? '', (admin) =>
    admin.createTopics({ topics: [{ topic: 'probe' }] }),
  )
  const processes = processesOf(folder)
  first.child.kill('SIGKILL')

  // Started at once, while the servers of the killed run are still writing their last bytes.
  const second = spawnJava(['--data', folder])
  await second.untilReady()
  await untilGone(processes)
  expect(await withAdmin(second.printed()['KAFKA_BROKERS'] ?? '', (admin) => admin.listTopics())).toContain('probe')
})

test('a temporary folder goes too when the parent is killed', async () => {
  const temporary = join(folder, 'tmp')
  const { mkdirSync } = await import('node:fs')
  mkdirSync(temporary)
  const given = { KAFKA_BROKERS: servers().kafkaBrokers }
  const stack = spawnJava([], { ...given, TMPDIR: temporary, TEMP: temporary })
  await stack.untilReady()
  const [data = ''] = readdirSync(temporary).filter((name) => name.startsWith('everscore-'))
  const processes = processesOf(join(temporary, data))
  expect(processes).toHaveLength(4)
  stack.child.kill('SIGKILL')
  await untilGone(processes)
  expect(existsSync(join(temporary, data))).toBe(false)
})

test('no server outlives parent and supervisors killed at the same time', async (context) => {
  const canBind = (await askProgram('setpriv', ['--pdeathsig', 'KILL', 'true'], { env, timeoutMs: 5_000 })).ok
  context.skip(!canBind, 'only where the kernel binds a process to its parent')
  const stack = spawnJava(['--data', folder])
  await stack.untilReady()
  const processes = processesOf(folder)
  // Supervisor and server of each, in this order.
  const supervisors = processes.filter((_, index) => index % 2 === 0)
  for (const pid of [stack.pid, ...supervisors.map((one) => one.pid)]) process.kill(pid, 'SIGKILL')
  await untilGone(processes)
})

test('a supervisor that is killed takes its server along, and the command says so and ends with 1', async () => {
  const stack = spawnJava(['--data', folder], { KAFKA_BROKERS: servers().kafkaBrokers })
  await stack.untilReady()
  const processes = processesOf(folder)
  process.kill(processes[0]?.pid ?? 0, 'SIGKILL')
  expect(await stack.exitCode()).toBe(1)
  expect(stack.said()).toContain('ended by itself')
  await untilGone(processes)
})
