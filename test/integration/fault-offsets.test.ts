import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureTopics } from '../../connectors/kafka/topic-admin.ts'
import { kafkaSettings } from '../../runtime/kafka-settings.ts'
import { INPUT_TOPICS, type TopicName } from '../../schemas/topics.ts'
import type { FaultProxy } from '../faults/proxy/fault-proxy.ts'
import { rewriteOffsets } from '../faults/proxy/kafka-answers.ts'
import { startKafkaProxy } from '../faults/proxy/kafka-proxy.ts'
import { withAdmin } from './stack-clients.ts'
import { expectViewEqualsLog } from './support/check-results.ts'
import { FaultRun } from './support/fault-run.ts'
import { PARTITIONS } from './support/installation.ts'
import { waitFor } from './support/wait-for.ts'

// What a takeover reads is not what was: offsets of the group, and the topics themselves.
let run: FaultRun
let proxy: FaultProxy

beforeEach(async () => {
  run = await FaultRun.start(71)
  proxy = await startKafkaProxy(run.installation.env['KAFKA_BROKERS']!)
})

afterEach(async () => {
  await run.close()
  await proxy.close()
})

async function processed(count: number): Promise<void> {
  const first = await run.work({})
  await run.write(count)
  await run.settled()
  await run.stop(first)
}

async function recreate(name: TopicName): Promise<void> {
  const { config, env, topic } = run.installation
  const topics = [topic(name)]
  await withAdmin(env['KAFKA_BROKERS']!, (admin) => admin.deleteTopics({ topics }))
  await waitFor(`${name} to be gone`, () =>
    withAdmin(env['KAFKA_BROKERS']!, async (admin) => !(await admin.listTopics()).includes(topics[0]!)),
  )
  await ensureTopics(kafkaSettings(config, 'recreate'), config.TOPIC_PREFIX, config.PARTITIONS)
}

describe('offsets of the group', () => {
  const isInteractions = (topic: string): boolean => topic.endsWith('interactions')
  test.each([
    ['that are those before the last transactions', (_: string, offset: number) => Math.max(offset - 40, 0)],
    ['that have expired', () => -1],
    ['of which one topic’s have expired', (topic: string, offset: number) => (isInteractions(topic) ? -1 : offset)],
  ] as [string, (topic: string, offset: number) => number][])('%s: nothing is repeated', async (_, change) => {
    await processed(600)
    const rule = proxy.rules.add('OffsetFetch', { rewrite: rewriteOffsets(change) }, PARTITIONS)
    await run.work({ KAFKA_BROKERS: `127.0.0.1:${proxy.port}` })
    await run.write()
    await run.expectExactlyOnce()
    expect(rule.hits).toBe(PARTITIONS)
  })

  test('that have expired, with a view that has to be rebuilt: nothing is repeated', async () => {
    await processed(600)
    const { redis, group } = run.installation
    await redis.unlink(await redis.keys(`${group}:{*`))
    const rule = proxy.rules.add('OffsetFetch', { rewrite: rewriteOffsets(() => -1) }, PARTITIONS)
    await run.work({ KAFKA_BROKERS: `127.0.0.1:${proxy.port}` })
    await run.write()
    await run.expectExactlyOnce()
    expect(rule.hits).toBe(PARTITIONS)
  })
})

test('a customers topic that was created again is noticed though it has grown past the view’s position', async () => {
  const { redis, group } = run.installation
  await processed(300)
  const names = (await redis.keys(`${group}:{*`)).filter((name) => !name.includes(':rebuilding'))
  const copies = await Promise.all(names.map(async (name) => [name, (await redis.dumpBuffer(name))!] as const))
  await recreate('customers')
  await processed(900)
  // Those of quiet customers' timers have no origin.
  const records = await run.installation.read('customers')
  expect(records.filter(({ headers }) => headers['topic'] !== undefined)).toHaveLength(900)
  // Redis comes back with what it held of the first one: same cluster, same name, an offset within the log.
  await redis.unlink(await redis.keys(`${group}:{*`))
  for (const [name, bytes] of copies) await redis.restore(name, 0, bytes, 'REPLACE')
  const second = await run.work({})
  await waitFor('the partitions to be taken over', () => second.worker.counters.takeovers === PARTITIONS)
  await run.settled()
  await expectViewEqualsLog(run.installation)
  expect(second.worker.counters.restoredRecords).toBe(records.length)
  expect(second.log.filter(({ message }) => message.includes('built anew'))).toHaveLength(PARTITIONS)
})

test('an input topic that was created again, and is shorter than what was read, stops the partition', async () => {
  await processed(600)
  await recreate('interactions')
  const second = await run.work({})
  await waitFor('all partitions to be paused', () => {
    const { tasks } = second.worker
    return tasks.length === PARTITIONS && tasks.every(({ state }) => state === 'paused')
  })
  for (const { failure } of second.worker.tasks) {
    expect(failure).toMatchObject({
      code: 'OFFSETS_UNKNOWN',
      details: { topic: run.installation.topic(INPUT_TOPICS[1]) },
    })
  }
})
