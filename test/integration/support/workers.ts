import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { KafkaClient } from '../../../connectors/kafka/client.ts'
import { committedOffsets, logRange } from '../../../connectors/kafka/offsets.ts'
import { readConfig } from '../../../runtime/config.ts'
import { kafkaSettings } from '../../../runtime/kafka-settings.ts'
import { Worker } from '../../../runtime/worker.ts'
import { STREAM_TIME_FIELD } from '../../../schemas/redis-keys.ts'
import { INPUT_TOPICS } from '../../../schemas/topics.ts'
import { type Installation, PARTITIONS } from './installation.ts'
import { waitFor } from './wait-for.ts'

const COMMAND = fileURLToPath(new URL('../../../bin/everscore.ts', import.meta.url))

export interface LogEntry extends Readonly<Record<string, unknown>> {
  readonly message: string
}

export interface RunningWorker {
  readonly worker: Worker
  readonly log: LogEntry[]
}

/** A worker in this process. */
export async function startWorker(
  installation: Installation,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningWorker> {
  const log: LogEntry[] = []
  const worker = new Worker(readConfig({ ...installation.env, ...env }), {
    log: (message, details = {}) => log.push({ message, ...details }),
    now: Date.now,
  })
  await worker.start()
  return { worker, log }
}

export interface WorkerProcess {
  readonly child: ChildProcess
  /** What it logged until now. */
  said(): string
  kill(signal: NodeJS.Signals): Promise<void>
}

/** A worker, or trainer, in a process of its own, which a test may kill. */
export function startWorkerProcess(
  installation: Installation,
  env: Readonly<Record<string, string>> = {},
  command: 'worker' | 'trainer' = 'worker',
): WorkerProcess {
  const child = spawn(process.execPath, [COMMAND, command], {
    env: { PATH: process.env['PATH'] ?? '', ...installation.env, LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exit = once(child, 'exit')
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return {
    child,
    said: () => stderr,
    async kill(signal) {
      child.kill(signal)
      await exit
    },
  }
}

/** Next offset of each partition of each input topic: what the group has committed, and where the topic ends. */
export async function inputOffsets(
  installation: Installation,
): Promise<{ name: string; committed: number; end: number }[]> {
  const client = new KafkaClient(kafkaSettings(installation.config, 'test-offsets'))
  const topics = INPUT_TOPICS.map(installation.topic)
  await client.connect(topics)
  try {
    const all: { name: string; committed: number; end: number }[] = []
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const committed = await committedOffsets(client, installation.group, topics, partition)
      for (const topic of topics) {
        const { end } = await logRange(client, topic, partition)
        all.push({ name: `${topic}/${partition}`, committed: committed.get(topic) ?? 0, end })
      }
    }
    return all
  } finally {
    await client.close()
  }
}

/** Until every input record has been processed and its transaction committed. */
export async function untilProcessed(installation: Installation): Promise<void> {
  let left = ''
  await waitFor('the workers to process all', async () => {
    const behind = (await inputOffsets(installation)).filter(({ committed, end }) => committed < end)
    left = behind.map(({ name, committed, end }) => `${name} ${committed}/${end}`).join(', ')
    return behind.length === 0
  }).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}: ${left}`, { cause: error })
  })
}

/** Until no timer is due any more, and Redis holds all that the changelog holds: commits are shown in Kafka first. */
export async function untilConfirmed(installation: Installation): Promise<void> {
  await waitFor('Redis to hold the last batches', async () => {
    const before = await lastOffsets(installation)
    const settled = await Promise.all([...before].map(([partition, end]) => isSettled(installation, partition, end)))
    if (!settled.every(Boolean)) return false
    const after = await lastOffsets(installation)
    return [...after].every(([partition, end]) => before.get(partition) === end)
  })
}

async function lastOffsets(installation: Installation): Promise<Map<number, number>> {
  const last = new Map<number, number>()
  for (const { partition, offset } of await installation.read('customers')) last.set(partition, offset + 1)
  return last
}

async function isSettled({ redis, keys, clock }: Installation, partition: number, end: number): Promise<boolean> {
  const position = await redis.hgetall(keys.position(partition))
  if (position['offset'] === undefined || Number(position['offset']) < end) return false
  for (const tenant of await redis.smembers(keys.tenants(partition))) {
    const [, first] = await redis.zrange(keys.timers(partition, tenant), '0', '0', 'WITHSCORES')
    // A moment ago: the worker's clock is that of the last fetch.
    const now = clock === 'wall' ? Date.now() - 1_000 : Number(position[STREAM_TIME_FIELD + tenant])
    if (first !== undefined && Number(first) < now) return false
  }
  return true
}
