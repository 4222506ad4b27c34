import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FaultProxy } from '../faults/proxy/fault-proxy.ts'
import type { Fault } from '../faults/proxy/fault-rules.ts'
import { redisError, startRedisProxy } from '../faults/proxy/redis-proxy.ts'
import { FaultRun } from './support/fault-run.ts'
import type { RunningWorker } from './support/workers.ts'

// The worker reaches Redis through a proxy that breaks some of its commands.
/** Of the worker's connection: how long an answer is waited for. */
const COMMAND_TIMEOUT_MS = 10_000

let run: FaultRun
let proxy: FaultProxy
let worker: RunningWorker

beforeEach(async () => {
  run = await FaultRun.start(61)
  proxy = await startRedisProxy(run.installation.env['REDIS_URL']!)
  worker = await run.work({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
  await run.write(600)
  await run.settled()
})

afterEach(async () => {
  await run.close()
  await proxy.close()
})

test('scripts that Redis has forgotten are sent again, whole', async () => {
  const again = proxy.rules.add('commit with its source', 'pass', Number.POSITIVE_INFINITY)
  await run.installation.redis.script('FLUSH')
  await run.write()
  await run.expectExactlyOnce()
  expect(again.hits).toBeGreaterThan(0)
  expect(worker.worker.counters.abortedBatches).toBe(0)
})

test.each([
  ['a connection lost after the script ran: its second call changes nothing', 'commit', 'cut-after'],
  ['a connection lost before the script ran', 'commit', 'cut-before'],
  ['a server that is loading', 'commit', { answer: redisError('LOADING Redis is loading the dataset in memory') }],
  [
    'a server that became a replica',
    'commit',
    { answer: redisError("READONLY You can't write against a read only replica.") },
  ],
  ['an answer that comes late', 'commit', { delayMs: 1_500 }],
  ['a connection lost while customers are read', 'read', 'cut-after'],
] as [string, string, Fault][])('%s', async (_, name, fault) => {
  const rule = proxy.rules.add(name, fault, 2)
  await run.write()
  await run.expectExactlyOnce()
  expect(rule.hits).toBe(2)
  expect(worker.worker.counters.abortedBatches).toBe(0)
})

test('an answer that is given up: what the script had done is not done again', async () => {
  const rule = proxy.rules.add('commit', { delayMs: COMMAND_TIMEOUT_MS + 1_000 })
  await run.write()
  await run.expectExactlyOnce()
  expect(rule.hits).toBe(1)
})
