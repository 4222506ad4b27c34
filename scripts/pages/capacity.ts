import { TOPICS, type TopicSpec } from '../../schemas/topics.ts'

/** What the model is made of: figures of runs at fixed rates, and of stores of different size. */
export interface Measured {
  readonly rates: readonly {
    readonly ratePerSecond: number
    readonly workerCores: number
    readonly redisCores: number
    readonly brokerCores: number
  }[]
  /** CPU of workers, Redis and brokers for an event of a backlog, µs. */
  readonly backlogMicros: number
  readonly stores: readonly { readonly knownCustomers: number; readonly redisMib: number }[]
  /** Growth of the log by topic, bytes an event. */
  readonly logBytesPerEvent: Readonly<Record<string, number>>
}

/** A straight line: `fixed` without any load, `each` more for one more. */
export interface Line {
  readonly fixed: number
  readonly each: number
}

export interface Demand {
  readonly eventsPerSecond: number
  readonly customers: number
  /** Days for which Kafka keeps events and what isn't compacted. */
  readonly days: number
}

export interface Capacity {
  /** Cores of workers, Redis and brokers that are busy while transactions are small, so that results are early. */
  readonly cores: number
  /** Those without which events would wait longer and longer. */
  readonly leastCores: number
  readonly redisMib: number
  /** Of one replica. */
  readonly kafkaGib: number
}

const DAY_SECONDS = 86_400

/** The line through two points. */
export function through([x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number]): Line {
  const each = (y2 - y1) / (x2 - x1)
  return { fixed: y1 - each * x1, each }
}

export const at = ({ fixed, each }: Line, x: number): number => fixed + each * x

export const coresOf = ({ workerCores, redisCores, brokerCores }: Measured['rates'][number]): number =>
  workerCores + redisCores + brokerCores

/**
 * Busy cores at a rate: on straight lines between those that were measured (their number is what grows at first, of small
 * transactions; then their size), beyond the last a backlog's CPU for each event more.
 */
export function coresAt({ rates, backlogMicros }: Measured, rate: number): number {
  const sorted = rates.toSorted((a, b) => a.ratePerSecond - b.ratePerSecond)
  const [first, last] = [sorted[0]!, sorted.at(-1)!]
  if (rate <= first.ratePerSecond) return coresOf(first)
  if (rate >= last.ratePerSecond) return coresOf(last) + ((rate - last.ratePerSecond) * backlogMicros) / 1e6
  const next = sorted.findIndex(({ ratePerSecond }) => ratePerSecond >= rate)
  const [before, after] = [sorted[next - 1]!, sorted[next]!]
  return at(through([before.ratePerSecond, coresOf(before)], [after.ratePerSecond, coresOf(after)]), rate)
}

/** MiB of Redis by customers, from the smallest store and the largest. */
export function redisLine({ stores }: Measured): Line | null {
  const sorted = stores.toSorted((a, b) => a.knownCustomers - b.knownCustomers)
  const [least, most] = [sorted[0], sorted.at(-1)]
  if (!least || !most || least.knownCustomers === most.knownCustomers) return null
  return through([least.knownCustomers, least.redisMib], [most.knownCustomers, most.redisMib])
}

/**
 * Bytes on one replica's disk. Topics with a retention hold its days of them, or those asked for, whichever is less;
 * compacted ones hold one record a key and what came since the log was last compacted, at most.
 */
export function kafkaBytes(logBytesPerEvent: Measured['logBytesPerEvent'], demand: Demand): number {
  let bytes = 0
  for (const spec of Object.values<TopicSpec>(TOPICS)) {
    const each = logBytesPerEvent[spec.name] ?? 0
    const { config } = spec
    if (config['cleanup.policy'] === 'compact') {
      const lagSeconds = Number(config['max.compaction.lag.ms'] ?? 0) / 1000
      const keys = spec.name === 'customers' ? demand.customers : 0
      bytes += each * (demand.eventsPerSecond * lagSeconds + keys)
    } else {
      const days = Math.min(demand.days, Number(config['retention.ms']) / 1000 / DAY_SECONDS)
      bytes += each * demand.eventsPerSecond * DAY_SECONDS * days
    }
  }
  return bytes
}

export function capacityFor(redis: Line, measured: Measured, demand: Demand): Capacity {
  return {
    cores: coresAt(measured, demand.eventsPerSecond),
    leastCores: (demand.eventsPerSecond * measured.backlogMicros) / 1e6,
    redisMib: at(redis, demand.customers),
    kafkaGib: kafkaBytes(measured.logBytesPerEvent, demand) / 2 ** 30,
  }
}
