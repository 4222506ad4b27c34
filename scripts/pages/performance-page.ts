import type { Against } from '../../bench/against.ts'
import type { Latency } from '../../bench/latency.ts'
import type { Rebuild } from '../../bench/rebuild.ts'
import type { ResultLine } from '../../bench/result-lines.ts'
import type { Takeover } from '../../bench/takeover.ts'
import type { Throughput } from '../../bench/throughput.ts'
import { at, capacityFor, coresAt, coresOf, type Measured, redisLine } from './capacity.ts'
import { code, GENERATED, table } from './markdown.ts'

/** Lines of bench/results, by kind; a kind that wasn't measured is left out. */
export interface PerformanceResults {
  readonly throughput: readonly ResultLine<Throughput & { readonly partitions: number }>[]
  readonly latency: readonly ResultLine<Latency>[]
  readonly takeover: readonly ResultLine<Takeover>[]
  readonly rebuild: readonly ResultLine<Rebuild>[]
  readonly against: readonly ResultLine<Against>[]
}

/** The model of cores goes through the other rates and is checked at this one. */
const CHECKED_RATE = 5_000
const DEMANDS = [
  { eventsPerSecond: 100, customers: 100_000, days: 30 },
  { eventsPerSecond: 2_000, customers: 1_000_000, days: 30 },
  { eventsPerSecond: 10_000, customers: 5_000_000, days: 7 },
  { eventsPerSecond: 50_000, customers: 20_000_000, days: 3 },
]

export function performancePage(results: PerformanceResults): string {
  const sections = [throughput(results), against(results), latency(results), takeover(results), rebuild(results)]
  return `# Performance

${GENERATED}

Broker, Redis, workers and the measuring reader share one machine. Measure yours with ${code('npm run bench -- --scale')}
(${code('--reduced')}: some 15 minutes), then ${code('npm run generate')}. ${originOf(results)}
${[...sections, capacity(results)].filter((section) => section !== '').join('')}`
}

function originOf(results: PerformanceResults): string {
  const lines = Object.values(results).flatMap((all: readonly ResultLine[]) => all)
  const unique = (of: (line: ResultLine) => string): string => [...new Set(lines.map(of))].join('; ')
  return `These figures: ${unique(({ machine }) => machine)}; everscore ${unique(({ version }) => version)} at ${unique(
    ({ commit }) => commit,
  )}; Kafka 4.1.0; ${unique(({ at: when }) => when.slice(0, 10))}; ${unique(({ command }) => code(command))}.`
}

function throughput({ throughput: lines }: PerformanceResults): string {
  if (lines.length === 0) return ''
  const [base] = lines
  return `
## Events a second from a backlog

One thing is varied at a time; the base has ${base!.result.workers} workers, ${base!.result.partitions} partitions, ${number(
    base!.result.knownCustomers,
  )}
customers, no traits. All customers are known before, caches are empty at the start. CPU in µs an event; memory of all workers together.

${table(
  [
    '',
    'Events/s',
    'Worker',
    'Redis',
    'Broker',
    'Log bytes',
    'Worker MiB',
    'Redis MiB',
    'Redis MiB a million',
    'Lost, doubled',
  ],
  lines.map(({ name, result }) => [
    name,
    number(result.eventsPerSecond),
    String(result.workerCpuMicrosPerEvent),
    String(result.redisCpuMicrosPerEvent),
    String(result.brokerCpuMicrosPerEvent),
    number(resultBytes(result)),
    number(result.peakWorkerMib),
    number(result.redisMib),
    number((1e6 * result.redisMib) / result.knownCustomers),
    `${result.missing}, ${result.doubled}`,
  ]),
)}
`
}

/** Without what the load wrote. */
function resultBytes({ logBytesPerEvent }: Throughput): number {
  const { interactions = 0, transactions = 0, surveys = 0, profiles = 0, outcomes = 0, ...written } = logBytesPerEvent
  return Object.values(written).reduce((sum, each) => sum + each, 0)
}

function against({ against: lines }: PerformanceResults): string {
  return lines
    .map(
      ({ result, machine, commit }) => `
## Beside Kafka Streams: ${result.mode}

The same input through the same harness by turns, ${result.pairs} runs of each; medians. ${machine}; everscore at ${commit}. ${
        result.mode === 'latency' ? `${result.warmSeconds} s at each rate come before what is counted. ` : ''
      }Other work took at most ${Math.round(100 * result.otherCpuShare)} % of the machine.

${table(
  ['', 'everscore', 'Kafka Streams', 'Ratio'],
  Object.entries(result.figures).map(([name, { everscore, peer, ratio }]) => [
    name,
    number(everscore),
    peer === null ? '' : number(peer),
    ratio === null ? '' : String(ratio),
  ]),
)}
`,
    )
    .join('')
}

function latency({ latency: lines }: PerformanceResults): string {
  if (lines.length === 0) return ''
  return `
## From produce to visible

One worker, events at a fixed rate, a read_committed reader; counted from when an event was due, after ${lines[0]!.result.warmSeconds} s
at that rate that aren't counted: processes still compile then. Busy cores beside.

${table(
  ['Events/s', 'p50 ms', 'p95 ms', 'p99 ms', 'Worker', 'Redis', 'Broker', 'Lost'],
  lines.map(({ result }) => [
    number(result.ratePerSecond),
    ...[result.p50Ms, result.p95Ms, result.p99Ms, result.workerCores, result.redisCores, result.brokerCores].map(
      String,
    ),
    String(result.missing),
  ]),
)}
`
}

function takeover({ takeover: [line] }: PerformanceResults): string {
  if (!line) return ''
  const { lossToFirstScoreMs, noticedAfterMs, assignmentToFirstScoreMs, sessionTimeoutMs } = line.result
  return `
## A worker is killed

kill -9 of one of two workers at 2,000 events a second: the last of its partitions goes on ${number(
    lossToFirstScoreMs,
  )} ms later. ${number(
    noticedAfterMs,
  )} ms of that pass until the group gives its partitions to the other (session time-out: ${number(
    sessionTimeoutMs,
  )} ms), ${number(assignmentToFirstScoreMs)} ms from then to the first new score.
`
}

function rebuild({ rebuild: [line] }: PerformanceResults): string {
  if (!line) return ''
  const { customers, seconds, customersPerSecond, recordsPerSecond } = line.result
  return `
## Redis loses everything

${number(customers)} customers are back after ${seconds} s: ${number(customersPerSecond)} customers a second, ${number(
    recordsPerSecond,
  )} records of the changelog a second, one worker.
`
}

function capacity(results: PerformanceResults): string {
  const [base] = results.throughput.map(({ result }) => result)
  const rates = results.latency.map(({ result }) => result)
  if (base === undefined || rates.length === 0) return ''
  const checked = rates.find(({ ratePerSecond }) => ratePerSecond === CHECKED_RATE)
  const measured: Measured = {
    rates: rates.filter((each) => each !== checked),
    backlogMicros: base.workerCpuMicrosPerEvent + base.redisCpuMicrosPerEvent + base.brokerCpuMicrosPerEvent,
    stores: results.throughput
      .filter(({ name }) => name === 'base' || name.endsWith('customers'))
      .map(({ result }) => result),
    logBytesPerEvent: base.logBytesPerEvent,
  }
  const redis = redisLine(measured)
  if (redis === null) return ''
  const measuredRates = measured.rates.map(({ ratePerSecond }) => ratePerSecond).toSorted((a, b) => a - b)
  return `
## How much is needed

Cores of workers, Redis and brokers. **Busy**: with small transactions, so that results are early; on straight lines between
${measuredRates.map(number).join(', ')} events/s, beyond that ${number(measured.backlogMicros)} µs an event more. **At least**: with large transactions, as on
a backlog, ${number(measured.backlogMicros)} µs an event; with fewer, events wait longer and longer. Redis takes ${number(redis.fixed)} MiB and ${number(
    1e6 * redis.each,
  )} MiB a million customers
without traits. Kafka's disk, for one replica: what an event adds to each topic, for the days that are kept; of compacted topics six
hours, and one record a customer.

${
  checked
    ? `Checked at ${number(CHECKED_RATE)} events/s: ${coresAt(measured, CHECKED_RATE).toFixed(2)} cores by the model, ${coresOf(checked).toFixed(2)} measured. `
    : ''
}Checked at ${number(base.knownCustomers)} customers: ${number(at(redis, base.knownCustomers))} MiB of Redis by the model, ${number(base.redisMib)} measured.

${table(
  ['Events/s', 'Customers', 'Days kept', 'Cores busy', 'Cores at least', 'Redis MiB', 'Kafka GiB a replica'],
  DEMANDS.map((demand) => {
    const needed = capacityFor(redis, measured, demand)
    return [
      number(demand.eventsPerSecond),
      number(demand.customers),
      String(demand.days),
      needed.cores.toFixed(1),
      needed.leastCores.toPrecision(2),
      number(needed.redisMib),
      number(needed.kafkaGib),
    ]
  }),
)}
`
}

function number(value: number): string {
  const digits = Math.abs(value) < 100 && !Number.isInteger(value) ? 1 : 0
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
