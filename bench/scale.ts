import { compare } from './against.ts'
import { measureLatency } from './latency.ts'
import type { Servers } from './on-servers.ts'
import type { Options } from './options.ts'
import { measureRebuild } from './rebuild.ts'
import { ResultLog } from './result-log.ts'
import { type Bench, say } from './setup.ts'
import { measureTakeover } from './takeover.ts'
import { measureThroughput } from './throughput.ts'

/** What is varied, one thing at a time. */
interface Point {
  readonly name: string
  readonly workers?: number
  readonly partitions?: number
  readonly customers?: number
  readonly traits?: number
  readonly windows?: 'off'
}

const RESULTS = new URL('./results', import.meta.url).pathname

const BASE = { workers: 2, partitions: 4, customers: 100_000, traits: 0 }
const POINTS: readonly Point[] = [
  { name: 'base' },
  { name: '1 worker', workers: 1 },
  { name: '12 partitions', partitions: 12 },
  { name: '48 partitions', partitions: 48 },
  { name: '10,000 customers', customers: 10_000 },
  { name: '1,000,000 customers', customers: 1_000_000 },
  { name: '5,000,000 customers', customers: 5_000_000 },
  { name: '10 traits', traits: 10 },
  { name: '50 traits', traits: 50 },
  { name: 'windows off', windows: 'off' },
]

/** How large a run is, without pairs: the whole takes about half an hour, the reduced one a quarter, the small one minutes. */
const SIZES = {
  whole: { events: 1_000_000, mostCustomers: 5_000_000, seconds: 30, warmSeconds: 30, rebuild: 1_000_000 },
  reduced: { events: 300_000, mostCustomers: 1_000_000, seconds: 10, warmSeconds: 5, rebuild: 500_000 },
  small: { events: 10_000, mostCustomers: 10_000, seconds: 2, warmSeconds: 1, rebuild: 5_000 },
} as const

/** Rates of the capacity model, the one between them that it is checked at, and one of single events on servers that are warm by then. */
const RATES = [2_000, 5_000, 10_000, 3]

/** All that docs/performance.md tells; results go to files of JSON lines as they come. */
export async function measureScale(options: Options, servers: Servers): Promise<{ measured: number }> {
  const { seed, smoke, reduced, settings, parts } = options
  const size = SIZES[smoke ? 'small' : reduced ? 'reduced' : 'whole']
  const log = new ResultLog(options.out ?? RESULTS)
  let measured = 0
  const add = (kind: string, name: string, result: unknown): void => {
    say(`${kind}, ${name}: ${JSON.stringify(result)}`)
    log.add(kind, name, result)
    measured++
  }
  for (const { name, windows, ...varied } of parts.includes('throughput') ? POINTS : []) {
    const { partitions, ...point } = { ...BASE, ...varied }
    const customers = Math.min(point.customers, size.mostCustomers)
    if (customers < point.customers && varied.customers !== undefined) continue
    const load = { events: size.events, seed, ...point, customers }
    const env = { ...settings, ...(windows === 'off' ? { TASKS: 'customers' } : {}) }
    add('throughput', name, {
      partitions,
      ...(await servers.on(partitions, env, (bench) => measureThroughput(bench, load))),
    })
  }
  const rates = smoke ? [300] : RATES
  const measure = <T>(measureOn: (bench: Bench) => Promise<T>): Promise<T> =>
    servers.on(BASE.partitions, settings, measureOn)
  if (parts.includes('latency')) {
    for (const result of await measure((bench) => measureLatency(bench, { ...size, rates, seed })))
      add('latency', `${result.ratePerSecond}/s`, result)
  }
  const settleMs = smoke ? 500 : 5_000
  if (parts.includes('takeover'))
    add('takeover', 'kill -9', await measure((bench) => measureTakeover(bench, { seed, settleMs })))
  if (parts.includes('rebuild'))
    add('rebuild', 'rebuild', await measure((bench) => measureRebuild(bench, size.rebuild)))
  if (options.against !== null) {
    const { events, seconds, warmSeconds } = size
    const paired = { ...options, events, seconds, warmSeconds, peers: options.against }
    for (const result of await compare(paired)) add('against', result.mode, result)
  }
  return { measured }
}
