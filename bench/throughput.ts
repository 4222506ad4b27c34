import { load } from './generator.ts'
import { logEnds } from './log-ends.ts'
import { cpuSeconds, machineBusySeconds, residentMib } from './process-usage.ts'
import { followResults } from './results-reader.ts'
import { type Bench, fill, startWorkerProcess, until } from './setup.ts'

export interface Throughput {
  readonly events: number
  readonly workers: number
  readonly eventsPerSecond: number
  /** Between the first tenth and the last: without start-up. */
  readonly steadyEventsPerSecond: number
  readonly workerCpuMicrosPerEvent: number
  readonly redisCpuMicrosPerEvent: number
  readonly brokerCpuMicrosPerEvent: number
  /** Input events that one transaction took, on average. */
  readonly eventsPerTransaction: number
  readonly peakWorkerMib: number
  /** Memory of the workers at each tenth of the events, MiB: it should stop growing once the caches are full. */
  readonly workerMibByTenth: readonly number[]
  readonly missing: number
  readonly doubled: number
  /** CPU that the rest of the machine took, in the same time: above a tenth of the cores, measure again. */
  readonly otherCpuShare: number
}

/** Fills the topics, then starts workers on the backlog: first input consumed to last result visible. */
export async function measureThroughput(
  bench: Bench,
  events: number,
  workers: number,
  seed: number,
): Promise<Throughput> {
  await fill(bench, load({ seed, events, customers: 100_000, until: Date.now() }))
  const seen = new Uint8Array(events)
  let count = 0
  let doubled = 0
  let firstAt = 0
  let lastAt = 0
  let tenthAt = 0
  let nineTenthsAt = 0
  let firstScoredAt = 0
  const memory: number[] = []
  const processes: { pid: number; kill(signal: NodeJS.Signals): Promise<void> }[] = []
  const stop = await followResults(
    bench.config.KAFKA_BROKERS,
    `${bench.config.TOPIC_PREFIX}customers`,
    'start',
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
  const usage = (): [number, number, number] => [
    processes.reduce((sum, each) => sum + cpuSeconds(each.pid), 0),
    pidCpu(bench, 'redis'),
    pidCpu(bench, 'kafka'),
  ]
  const before = [0, pidCpu(bench, 'redis'), pidCpu(bench, 'kafka')] as const
  const own = process.cpuUsage()
  const busy = machineBusySeconds()
  const started = performance.now()
  for (let i = 0; i < workers; i++) processes.push(startWorkerProcess(bench))
  const sampler = setInterval(() => {
    if (count >= (events * (memory.length + 1)) / 10 || memory.length === 0) {
      memory.push(Math.round(processes.reduce((sum, each) => sum + residentMib(each.pid), 0)))
    }
  }, 200)
  await until(() => count === events, 600_000, 'the last result')
  clearInterval(sampler)
  const seconds = (performance.now() - started) / 1000
  const after = usage()
  const ownUsed = process.cpuUsage(own)
  const others =
    machineBusySeconds() -
    busy -
    (ownUsed.user + ownUsed.system) / 1e6 -
    after.reduce((sum, value, i) => sum + value - before[i]!, 0)
  await Promise.all(processes.map((each) => each.kill('SIGTERM')))
  await stop()
  const transactions = (await logEnds(bench.config, 'customers')) - events
  // The first result became visible a batch after the first input was taken: its timestamp says when it was scored.
  const head = Math.max(0, performance.timeOrigin + firstAt - firstScoredAt)
  const perEvent = (i: 0 | 1 | 2): number => Math.round(((after[i] - before[i]!) * 1e7) / events) / 10
  return {
    events,
    workers,
    eventsPerSecond: Math.round(events / ((lastAt - firstAt + head) / 1000)),
    steadyEventsPerSecond: Math.round((events * 0.8) / ((nineTenthsAt - tenthAt) / 1000)),
    workerCpuMicrosPerEvent: perEvent(0),
    redisCpuMicrosPerEvent: perEvent(1),
    brokerCpuMicrosPerEvent: perEvent(2),
    eventsPerTransaction: Math.round(events / transactions),
    peakWorkerMib: Math.max(...memory),
    workerMibByTenth: memory,
    missing: events - count,
    doubled,
    otherCpuShare: Math.round((100 * Math.max(0, others)) / seconds) / 100,
  }
}

function pidCpu(bench: Bench, name: 'redis' | 'kafka'): number {
  const pid = bench.stack.servers.find((server) => server.name === name)?.pid
  return pid ? cpuSeconds(pid) : 0
}
