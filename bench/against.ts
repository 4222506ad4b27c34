import { cpus } from 'node:os'
import { type Drive, drive, type Engine, type Mode } from './peer-engine/drive.ts'
import { preparePeers } from './peer-engine/workplace.ts'
import { machine, say } from './setup.ts'

export interface AgainstOptions {
  /** Folder of the peers' harness. */
  readonly peers: string
  readonly modes: readonly Mode[]
  readonly pairs: number
  readonly events: number
  /** null: two for a backlog, one at a fixed rate. */
  readonly workers: number | null
  readonly rates: readonly number[]
  /** Of each rate, after `warmSeconds` that are not counted. */
  readonly seconds: number
  readonly warmSeconds: number
  readonly seed: number
  /** Settings of everscore's workers, and of the peer, that replace the ones below. */
  readonly settings: Readonly<Record<string, string>>
  readonly peerSettings: Readonly<Record<string, string>>
}

/** A figure of both engines: medians, what each run gave, and everscore's median divided by the peer's. */
export interface Comparison {
  readonly everscore: number
  /** null: not told apart there, as CPU of workers and of Redis. */
  readonly peer: number | null
  readonly ratio: number | null
  readonly everscoreRuns: readonly number[]
  readonly peerRuns: readonly number[]
}

export interface Against {
  readonly machine: string
  readonly mode: Mode
  readonly pairs: number
  /** Of each rate, before what was measured. */
  readonly warmSeconds: number
  readonly figures: Readonly<Record<string, Comparison>>
  /** CPU of everything else on the machine, share of all cores, the most of any run: above 0.1, measure again. */
  readonly otherCpuShare: number
  readonly bytesByTopic: Readonly<Record<Engine, Readonly<Record<string, number>>>>
}

/** The peer's best settings with durable state, as its figures were measured with. */
const PEER: Readonly<Record<Mode, Record<string, string>>> = {
  throughput: {
    COMMIT_MS: '1000',
    THREADS: '2',
    CACHE_MB: '256',
    COMPRESSION: 'lz4',
    LINGER_MS: '100',
    BATCH: '131072',
    IDLE_MS: '-1',
  },
  latency: { COMMIT_MS: '10', THREADS: '2', LINGER_MS: '2', KS_PROPS: 'producer.retry.backoff.ms=5' },
}
/**
 * A backlog of topics that are read at their own pace: their order by event time is waited for, as IDLE_MS does. Windows
 * are written as often as the peer commits, and a transaction holds about as long a time as one of the peer's.
 */
const OURS: Readonly<Record<Mode, Record<string, string>>> = {
  throughput: {
    MERGE_WAIT_MS: '1000',
    AGGREGATE_INTERVAL_MS: '1000',
    COMPRESSION_TYPE: 'zstd',
    BATCH_MAX_RECORDS: '40000',
    BATCH_MAX_BYTES: '16777216',
    QUEUE_MAX_BYTES: '16777216',
  },
  latency: {},
}
const ENGINES: readonly Engine[] = ['kafka-streams', 'everscore']
const WARM_UP_EVENTS = 300_000

/** Peer and everscore in turns on the same input, through the peers' own harness. */
export async function compare(options: AgainstOptions): Promise<Against[]> {
  const peers = preparePeers(options.peers)
  const results: Against[] = []
  for (const mode of options.modes) {
    const runs: Record<Engine, Run[]> = { 'kafka-streams': [], everscore: [] }
    let bytesByTopic: Record<Engine, Readonly<Record<string, number>>> = { 'kafka-streams': {}, everscore: {} }
    for (let pair = 1; pair <= options.pairs; pair++) {
      for (const engine of ENGINES) {
        const done = await drive({ engine, mode, peers, env: environment(engine, mode, options) })
        const run = mode === 'throughput' ? throughputOf(done) : latencyOf(done, options.rates)
        runs[engine].push(run)
        bytesByTopic = { ...bytesByTopic, [engine]: done.bytesByTopic }
        say(`${mode} ${pair}/${options.pairs} ${engine}: ${JSON.stringify(run)}`)
      }
    }
    results.push({
      machine: machine(),
      mode,
      pairs: options.pairs,
      warmSeconds: options.warmSeconds,
      figures: compared(runs),
      otherCpuShare: Math.max(...[...runs.everscore, ...runs['kafka-streams']].map((run) => run['otherCpuShare'] ?? 0)),
      bytesByTopic,
    })
  }
  return results
}

/** Figures of one run, by name. */
type Run = Readonly<Record<string, number>>

function environment(engine: Engine, mode: Mode, options: AgainstOptions): Record<string, string> {
  return {
    N: String(options.events),
    BURST: String(Math.min(options.events, WARM_UP_EVENTS)),
    RATES: options.rates.join(','),
    SECS: String(options.seconds),
    WARM: String(options.warmSeconds),
    SEED: String(options.seed),
    QUIET_WAIT: '4',
    LIMIT: '300',
    ...(engine === 'everscore'
      ? {
          WORKERS: String(options.workers ?? (mode === 'throughput' ? 2 : 1)),
          WORKER_SETTINGS: JSON.stringify({ ...OURS[mode], ...options.settings }),
        }
      : { ...PEER[mode], ...options.peerSettings }),
  }
}

function throughputOf({ figures, usage, bytesByTopic }: Drive): Run {
  const of = (name: string): number => Number(figures[name])
  const events = of('n')
  const micros = (cpuSeconds: number): number => tenths((cpuSeconds * 1e6) / events)
  // Registry and start-up of the stack belong to no engine.
  const engineSeconds = usage ? usage.workersSeconds + usage.redisSeconds : (of('cpuSecPer1M') * events) / 1e6
  const bytes = Object.values(bytesByTopic).reduce((sum, each) => sum + each, 0)
  return {
    eventsPerSecond: of('eventsPerSec'),
    steadyEventsPerSecond: of('steadyEventsPerSec(20-90%)'),
    engineCpuMicrosPerEvent: micros(engineSeconds),
    ...(usage
      ? { workerCpuMicrosPerEvent: micros(usage.workersSeconds), redisCpuMicrosPerEvent: micros(usage.redisSeconds) }
      : {}),
    brokerCpuMicrosPerEvent: micros(of('brokerCpuSec')),
    readerCpuMicrosPerEvent: micros(of('measurerCpuSec')),
    logBytesPerEvent: Math.round(bytes / events),
    peakMib: usage ? Math.round(usage.peakWorkerMib + usage.redisMib) : of('peakRssMiB'),
    missing: of('missing'),
    doubled: of('duplicates'),
    otherCpuShare: otherShare(of('otherJobsCpuSec'), of('startToFirstInputSec') + of('seconds')),
  }
}

function latencyOf({ figures }: Drive, rates: readonly number[]): Run {
  const run: Record<string, number> = {}
  for (const rate of rates) {
    const at = figures[`at${rate}`] as Readonly<Record<string, number>>
    if (at['measured'] === 0) throw new Error(`no result was seen at ${rate} events a second`)
    for (const name of ['p50Ms', 'p95Ms', 'p99Ms', 'maxMs', 'engineCores', 'brokerCores']) {
      run[`${name}At${rate}`] = Math.round(100 * at[name]!) / 100
    }
    run[`missingAt${rate}`] = at['missing']!
    run[`doubledAt${rate}`] = at['duplicates']!
  }
  return run
}

function compared(runs: Readonly<Record<Engine, readonly Run[]>>): Record<string, Comparison> {
  const names = Object.keys(runs.everscore[0] ?? {}).filter((name) => name !== 'otherCpuShare')
  return Object.fromEntries(
    names.map((name) => {
      const everscoreRuns = runs.everscore.map((run) => run[name]!)
      const peerRuns = runs['kafka-streams'].flatMap((run) => run[name] ?? [])
      const [everscore, peer] = [median(everscoreRuns), peerRuns.length > 0 ? median(peerRuns) : null]
      const ratio = peer ? Math.round((1_000 * everscore) / peer) / 1_000 : null
      return [name, { everscore, peer, ratio, everscoreRuns, peerRuns }]
    }),
  )
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

function otherShare(cpuSeconds: number, seconds: number): number {
  return Math.round((100 * Math.max(0, cpuSeconds)) / (seconds * cpus().length)) / 100
}

function tenths(value: number): number {
  return Math.round(10 * value) / 10
}
