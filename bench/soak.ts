import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { applicationId } from '../runtime/kafka-settings.ts'
import type { InputEvent } from '../schemas/events.ts'
import { redisKeys } from '../schemas/redis-keys.ts'
import { parseWorkerReport, type WorkerReport } from '../schemas/worker-report.ts'
import { buildPackage } from './build-package.ts'
import { load } from './generator.ts'
import { followResults } from './results-reader.ts'
import { type Bench, machine, openSink, say, startBench, startWorkerProcess, stopBench, until } from './setup.ts'

const HELP = `npm run soak -- [options]

Workers at a steady rate; memory and lag by tenth of the time. The cache is smaller than the number of customers, so that it
is full after the first tenths, and customers come and go. Exit code 1: something was lost or doubled, or memory or lag grow.

  --minutes M       (10)
  --rate N          events a second (3,000)
  --workers N       worker processes (1)
  --partitions N    (4)
  --customers N     (60,000)
  --cache N         CACHE_CUSTOMERS (10,000)
  --seed N          (42)
`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '3000' },
    workers: { type: 'string', default: '1' },
    partitions: { type: 'string', default: '4' },
    customers: { type: 'string', default: '60000' },
    cache: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '42' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}

/** What was seen in one tenth of the time: the most of each, all workers together. */
interface Tenth {
  rssMib: number
  heapMib: number
  bufferMib: number
  lag: number
  p99Ms: number
}

const MIB = 2 ** 20
const SAMPLE_MS = 1_000
/** Between the middle of the run and its end memory may differ by as much as between two garbage collections. */
const FLAT = 1.15
/** Seconds of events that may wait at the end of a tenth. */
const LAG_SECONDS = 5

async function soak(bench: Bench): Promise<Record<string, unknown>> {
  const [minutes, rate, seed] = [Number(values.minutes), Number(values.rate), Number(values.seed)]
  const total = Math.round(rate * minutes * 60)
  const seen = new Uint8Array(total)
  let [count, doubled] = [0, 0]
  const stop = await followResults(
    bench.config.KAFKA_BROKERS,
    `${bench.config.TOPIC_PREFIX}customers`,
    'start',
    (event) => {
      if (seen[event]) doubled++
      else count++
      seen[event] = 1
    },
  )
  const workers = Array.from({ length: Number(values.workers) }, () => startWorkerProcess(bench))
  const redis = new Redis(bench.config.REDIS_URL)
  const tenths: Tenth[] = []
  const startedAt = performance.now()
  const sample = async (): Promise<void> => {
    const share = (performance.now() - startedAt) / (minutes * 60_000)
    const tenth = Math.min(9, Math.floor(share * 10))
    const reports = await reportsOf(bench, redis)
    if (reports.length === 0) return
    const now = measured(reports)
    const before = tenths[tenth]
    if (before === undefined) say(`tenth ${tenth + 1}: ${JSON.stringify(now)}`)
    tenths[tenth] = before === undefined ? now : larger(before, now)
  }
  const sampler = setInterval(() => void sample().catch(say), SAMPLE_MS)
  try {
    await produce(bench, load({ seed, events: total, customers: Number(values.customers), until: Date.now() }), rate)
    await until(() => count === total, 120_000, 'the last result').catch(say)
  } finally {
    clearInterval(sampler)
    redis.disconnect()
    await Promise.all(workers.map((each) => each.kill('SIGTERM')))
    await stop()
  }
  const highest = (from: number, to: number): number => Math.max(...tenths.slice(from, to).map(({ rssMib }) => rssMib))
  const growth = Math.round((100 * highest(8, 10)) / highest(4, 6)) / 100
  const lags = tenths.map(({ lag }) => lag)
  return {
    machine: machine(),
    minutes,
    ratePerSecond: rate,
    workers: workers.length,
    events: total,
    missing: total - count,
    doubled,
    tenths,
    growth,
    isFlat: growth <= FLAT && Math.max(...lags.slice(5)) <= LAG_SECONDS * rate,
  }
}

/** At the rate, in writes of what came due while the last one was under way. */
async function produce(bench: Bench, events: Iterable<InputEvent>, rate: number): Promise<void> {
  const sink = await openSink(bench)
  const startedAt = performance.now()
  let slice: InputEvent[] = []
  let sent = 0
  for (const event of events) {
    slice.push(event)
    const due = ((performance.now() - startedAt) * rate) / 1000
    if (sent + slice.length < due) continue
    await sink.write(slice)
    sent += slice.length
    slice = []
    const ahead = (sent * 1000) / rate - (performance.now() - startedAt)
    if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, Math.max(10, ahead)))
  }
  await sink.write(slice)
  await sink.close()
}

async function reportsOf({ config }: Bench, redis: Redis): Promise<WorkerReport[]> {
  const all = await redis.hgetall(redisKeys(applicationId(config)).workers)
  return Object.values(all).flatMap((json) => parseWorkerReport(json) ?? [])
}

function measured(reports: readonly WorkerReport[]): Tenth {
  const sum = (of: (report: WorkerReport) => number): number => reports.reduce((total, each) => total + of(each), 0)
  return {
    rssMib: Math.round(sum(({ memory }) => memory?.rss ?? 0) / MIB),
    heapMib: Math.round(sum(({ memory }) => memory?.heapUsed ?? 0) / MIB),
    bufferMib: Math.round(sum(({ memory }) => memory?.arrayBuffers ?? 0) / MIB),
    lag: sum(({ tasks }) =>
      tasks.flatMap(({ lag }) => lag).reduce((left, { end, position }) => left + end - position, 0),
    ),
    p99Ms: Math.max(...reports.map(({ latency }) => latency.ingestToVisible.p99Ms)),
  }
}

function larger(one: Tenth, other: Tenth): Tenth {
  const most = (name: keyof Tenth): number => Math.max(one[name], other[name])
  return {
    rssMib: most('rssMib'),
    heapMib: most('heapMib'),
    bufferMib: most('bufferMib'),
    lag: most('lag'),
    p99Ms: most('p99Ms'),
  }
}

buildPackage()
const bench = await startBench(Number(values.partitions), { CACHE_CUSTOMERS: values.cache })
try {
  const report = await soak(bench)
  process.stdout.write(`${JSON.stringify(report)}\n`)
  if (report['missing'] !== 0 || report['doubled'] !== 0 || report['isFlat'] !== true) process.exitCode = 1
} finally {
  await stopBench(bench)
}
