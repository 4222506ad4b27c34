import { waitingFor } from '../api/installation-state.ts'
import { RedisLookup } from '../api/redis-lookup.ts'
import { applicationId } from '../runtime/kafka-settings.ts'
import { redisKeys } from '../schemas/redis-keys.ts'
import { firstEvents } from './generator.ts'
import { logEnds } from './log-ends.ts'
import { cpuOf } from './server-cpu.ts'
import { type Bench, fill, say, startWorkerProcess, until, untilAsync } from './setup.ts'
import { openView } from './view.ts'

export interface Rebuild {
  readonly customers: number
  /** Records of the changelog that were read; compaction makes them fewer. */
  readonly records: number
  /** From the assignment of the partitions until /ready says ready. */
  readonly seconds: number
  readonly customersPerSecond: number
  readonly recordsPerSecond: number
  /** From the start of the worker on. */
  readonly workerCpuMicrosPerCustomer: number
  readonly redisCpuMicrosPerCustomer: number
  /** What Redis says that its data takes, MiB. */
  readonly redisMib: number
}

const SHOW_EVERY_MS = 2_000
const WAIT_MS = 600_000
const LOOK_EVERY_MS = 50

/** One event a customer; then Redis loses everything, and a worker builds the view anew from the changelog. */
export async function measureRebuild(bench: Bench, customers: number): Promise<Rebuild> {
  const { config } = bench
  const view = openView(bench)
  const isWhole = async (): Promise<boolean> => (await view.customers()) === customers
  try {
    await fill(bench, firstEvents(customers, 0, Date.now()))
    const first = startWorkerProcess(bench)
    await untilAsync(isWhole, WAIT_MS, 'the last customer')
    await first.kill('SIGTERM')
    const records = await logEnds(config, 'customers')
    await view.lose()
    let assignedAt = 0
    const before = cpuOf(bench, [])
    const second = startWorkerProcess(bench, ({ message, group }) => {
      if (message === 'partitions assigned' && group === applicationId(config)) assignedAt ||= performance.now()
    })
    await until(() => assignedAt > 0, 60_000, 'the assignment')
    const lookup = new RedisLookup(view.redis, redisKeys(applicationId(config)))
    let shownAt = assignedAt
    const isReady = async (): Promise<boolean> => {
      const waits = waitingFor(await lookup.installation(config.PARTITIONS), config.PARTITIONS, Date.now())
      if (waits.length > 0 && performance.now() - shownAt > SHOW_EVERY_MS) {
        shownAt = performance.now()
        say(waits.join('; '))
      }
      return waits.length === 0 && (await isWhole())
    }
    await untilAsync(isReady, WAIT_MS, 'the whole view', LOOK_EVERY_MS)
    const seconds = (performance.now() - assignedAt) / 1000
    const after = cpuOf(bench, [second])
    const micros = (who: 'workers' | 'redis'): number => Math.round(((after[who] - before[who]) * 1e7) / customers) / 10
    await second.kill('SIGTERM')
    return {
      customers,
      records,
      seconds: Math.round(seconds * 100) / 100,
      customersPerSecond: Math.round(customers / seconds),
      recordsPerSecond: Math.round(records / seconds),
      workerCpuMicrosPerCustomer: micros('workers'),
      redisCpuMicrosPerCustomer: micros('redis'),
      redisMib: await view.usedMib(),
    }
  } finally {
    view.close()
  }
}
