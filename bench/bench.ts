import { parseArgs } from 'node:util'
import { type Latency, measureLatency } from './latency.ts'
import { measureRebuild } from './rebuild.ts'
import { type Bench, machine, say, startBench, stopBench } from './setup.ts'
import { measureTakeover } from './takeover.ts'
import { measureThroughput } from './throughput.ts'

const HELP = `npm run bench -- [options]

  --events N        backlog to work off (1,000,000)
  --workers N       worker processes (2)
  --partitions N    (4)
  --rates A,B       events a second for the latency runs (2000,10000)
  --seconds N       of each latency run, after 10 s that are not counted (30)
  --customers N     of the rebuild (1,000,000)
  --only NAME       throughput, latency, takeover or rebuild
  --smoke           small numbers: checks that the benchmark works, measures nothing

Prints progress to stderr and one JSON object to stdout.
`

const { values } = parseArgs({
  options: {
    events: { type: 'string' },
    workers: { type: 'string', default: '2' },
    partitions: { type: 'string', default: '4' },
    rates: { type: 'string' },
    customers: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '42' },
    only: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const smoke = values.smoke
const events = Number(values.events ?? (smoke ? 20_000 : 1_000_000))
const rates = (values.rates ?? (smoke ? '500' : '2000,10000')).split(',').map(Number)
const seconds = Number(values.seconds ?? (smoke ? 3 : 30))
const seed = Number(values.seed)

/** Each part on servers of its own, so that none works on what another left. */
async function on<T>(settings: Record<string, string>, measure: (bench: Bench) => Promise<T>): Promise<T> {
  const bench = await startBench(Number(values.partitions), settings)
  try {
    return await measure(bench)
  } finally {
    await stopBench(bench)
  }
}

const wants = (part: string): boolean => values.only === undefined || values.only === part
const report: Record<string, unknown> = { machine: machine(), partitions: Number(values.partitions), seed }
if (wants('throughput')) {
  say(`backlog of ${events} events, ${values.workers} workers`)
  report['throughput'] = await on({}, (bench) => measureThroughput(bench, events, Number(values.workers), seed))
  say(JSON.stringify(report['throughput']))
}
if (wants('latency')) {
  const warmSeconds = smoke ? 1 : 10
  report['latency'] = await on({}, async (bench): Promise<Latency[]> => {
    say(`latency at ${rates.join(', ')} events a second, 1 worker`)
    return await measureLatency(bench, rates, { warmSeconds, seconds }, seed)
  })
  say(JSON.stringify(report['latency']))
}
if (wants('takeover') && !smoke) {
  say('kill -9 of one of two workers at 2,000 events a second')
  report['takeover'] = await on({}, (bench) => measureTakeover(bench, seed))
  say(JSON.stringify(report['takeover']))
}
if (wants('rebuild')) {
  const customers = Number(values.customers ?? (smoke ? 5_000 : 1_000_000))
  say(`rebuilding the view of ${customers} customers that Redis lost`)
  report['rebuild'] = await on({}, (bench) => measureRebuild(bench, customers))
  say(JSON.stringify(report['rebuild']))
}
process.stdout.write(`${JSON.stringify(report)}\n`)
