import { firstEvents, load } from './generator.ts'
import { logEnds } from './log-ends.ts'
import { LogGrowth, logFolderOf } from './log-growth.ts'
import { machineBusySeconds, residentMib } from './process-usage.ts'
import { followResults } from './results-reader.ts'
import { cpuOf, pidOf } from './server-cpu.ts'
import { type Bench, fill, startWorkerProcess, until, untilAsync, type WorkerProcess } from './setup.ts'
import { openView } from './view.ts'

export interface ThroughputOptions {
  readonly events: number
  readonly workers: number
  readonly customers: number
  readonly seed: number
  /** All customers are known before, with so many traits each; null: they come with the events. */
  readonly traits: number | null
}

export interface Throughput extends ThroughputOptions {
  readonly eventsPerSecond: number
  /** Between the first tenth and the last: without start-up. */
  readonly steadyEventsPerSecond: number
  readonly workerCpuMicrosPerEvent: number
  readonly redisCpuMicrosPerEvent: number
  readonly brokerCpuMicrosPerEvent: number
  /** Offsets of `customers` for each event: its own record, those of timers and of sweeps, and marks of transactions. */
  readonly resultsPerEvent: number
  readonly peakWorkerMib: number
  /** Memory of the workers at each tenth of the events, MiB: it should stop growing once the caches are full. */
  readonly workerMibByTenth: readonly number[]
  /** What Redis says that its data takes, MiB. */
  readonly redisMib: number
  /** Customers in Redis at the end. */
  readonly knownCustomers: number
  /** Growth of the broker's log by topic, bytes an event; inputs too. {}: the broker's folder can't be seen from here. */
  readonly logBytesPerEvent: Readonly<Record<string, number>>
  readonly missing: number
  readonly doubled: number
  /** CPU that the rest of the machine took, in the same time: above a tenth of the cores, measure again. */
  readonly otherCpuShare: number
}

const HOUR_MS = 3_600_000
const WAIT_MS = 1_200_000

/** Fills the topics, then starts workers on the backlog: first input consumed to last result visible. */
export async function measureThroughput(bench: Bench, options: ThroughputOptions): Promise<Throughput> {
  const { events, workers, customers, seed, traits } = options
  const now = Date.now()
  if (traits !== null) await makeKnown(bench, customers, traits, now - 6 * HOUR_MS)
  const growth = new LogGrowth(logFolderOf(pidOf(bench, 'kafka')))
  growth.sample()
  const logBefore = growth.byTopic(bench.config.TOPIC_PREFIX)
  // Of known customers nobody is quiet for long: timers of those that no event reaches would be work, too.
  await fill(bench, load({ seed, events, customers, until: now, ...(traits === null ? {} : { spanMs: HOUR_MS }) }))
  const endsBefore = await logEnds(bench.config, 'customers')
  const seen = new Uint8Array(events)
  let [count, doubled, firstAt, lastAt, tenthAt, nineTenthsAt, firstScoredAt] = [0, 0, 0, 0, 0, 0, 0]
  const stop = await followResults(
    bench.config.KAFKA_BROKERS,
    `${bench.config.TOPIC_PREFIX}customers`,
    traits === null ? 'start' : 'end',
    (event, _partition, record) => {
      if (seen[event]) doubled++
      else count++
      seen[event] = 1
      lastAt = performance.now()
      if (firstAt === 0) {
        firstAt = lastAt
        firstScoredAt = record.timestamp
      }
      if (tenthAt === 0 && count >= events * 0.1) tenthAt = lastAt
      if (nineTenthsAt === 0 && count >= events * 0.9) nineTenthsAt = lastAt
    },
  )
  const memory: number[] = []
  const processes: WorkerProcess[] = []
  const before = cpuOf(bench, processes)
  const own = process.cpuUsage()
  const busy = machineBusySeconds()
  const started = performance.now()
  for (let i = 0; i < workers; i++) processes.push(startWorkerProcess(bench))
  const sampler = setInterval(() => {
    growth.sample()
    if (count >= (events * (memory.length + 1)) / 10 || memory.length === 0) {
      memory.push(Math.round(processes.reduce((sum, each) => sum + residentMib(each.pid), 0)))
    }
  }, 200)
  await until(() => count === events, WAIT_MS, 'the last result').finally(() => clearInterval(sampler))
  const seconds = (performance.now() - started) / 1000
  const after = cpuOf(bench, processes)
  const ownUsed = process.cpuUsage(own)
  const others =
    machineBusySeconds() -
    busy -
    (ownUsed.user + ownUsed.system) / 1e6 -
    (after.workers + after.redis + after.broker - before.workers - before.redis - before.broker)
  await Promise.all(processes.map((each) => each.kill('SIGTERM')))
  await stop()
  growth.sample()
  const results = (await logEnds(bench.config, 'customers')) - endsBefore
  // The first result became visible a batch after the first input was taken: its timestamp says when it was scored.
  const head = Math.max(0, performance.timeOrigin + firstAt - firstScoredAt)
  const micros = (who: keyof typeof after): number => Math.round(((after[who] - before[who]) * 1e7) / events) / 10
  return {
    ...options,
    eventsPerSecond: Math.round(events / ((lastAt - firstAt + head) / 1000)),
    steadyEventsPerSecond: Math.round((events * 0.8) / ((nineTenthsAt - tenthAt) / 1000)),
    workerCpuMicrosPerEvent: micros('workers'),
    redisCpuMicrosPerEvent: micros('redis'),
    brokerCpuMicrosPerEvent: micros('broker'),
    resultsPerEvent: Math.round((100 * results) / events) / 100,
    peakWorkerMib: Math.max(...memory),
    workerMibByTenth: memory,
    ...(await redisUsage(bench)),
    logBytesPerEvent: perEventOf(growth.byTopic(bench.config.TOPIC_PREFIX), logBefore, events),
    missing: events - count,
    doubled,
    otherCpuShare: Math.round((100 * Math.max(0, others)) / seconds) / 100,
  }
}

/** Lets workers see one event of each customer, and ends them. */
async function makeKnown(bench: Bench, customers: number, traits: number, occurredAt: number): Promise<void> {
  await fill(bench, firstEvents(customers, traits, occurredAt))
  const view = openView(bench)
  const worker = startWorkerProcess(bench)
  try {
    await untilAsync(async () => (await view.customers()) === customers, WAIT_MS, 'the last customer')
  } finally {
    await worker.kill('SIGTERM')
    view.close()
  }
}

function perEventOf(
  after: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
  events: number,
): Record<string, number> {
  const grown = Object.entries(after).map(([topic, bytes]) => [topic, bytes - (before[topic] ?? 0)] as const)
  return Object.fromEntries(
    grown.filter(([, bytes]) => bytes > 0).map(([topic, bytes]) => [topic, Math.round((10 * bytes) / events) / 10]),
  )
}

async function redisUsage(bench: Bench): Promise<Pick<Throughput, 'redisMib' | 'knownCustomers'>> {
  const view = openView(bench)
  try {
    return { redisMib: await view.usedMib(), knownCustomers: await view.customers() }
  } finally {
    view.close()
  }
}
