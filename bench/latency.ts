import type { EventSink } from '../connectors/kafka/event-sink.ts'
import { firstEventOf, load, numbered } from './generator.ts'
import { followResults } from './results-reader.ts'
import { type CpuUsage, cpuOf } from './server-cpu.ts'
import { type Bench, openSink, startWorkerProcess, until } from './setup.ts'

export interface Latency {
  readonly ratePerSecond: number
  readonly seconds: number
  /** At the same rate before these, not counted. */
  readonly warmSeconds: number
  readonly measured: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly missing: number
  /** Cores that were busy in the counted seconds. */
  readonly workerCores: number
  readonly redisCores: number
  readonly brokerCores: number
}

export interface LatencyOptions {
  readonly rates: readonly number[]
  /** Not counted, of each rate. */
  readonly warmSeconds: number
  readonly seconds: number
  readonly seed: number
}

/** Produces at fixed rates and measures, on one clock, from each event's scheduled time to its visible result. */
export async function measureLatency(bench: Bench, options: LatencyOptions): Promise<Latency[]> {
  const worker = startWorkerProcess(bench)
  const sink = await openSink(bench)
  const results: Latency[] = []
  try {
    for (const [i, rate] of options.rates.entries()) {
      const usage = (): CpuUsage => cpuOf(bench, [worker])
      results.push(await atRate(bench, { sink, usage }, rate, { ...options, seed: options.seed + i }))
    }
  } finally {
    await worker.kill('SIGTERM')
    await sink.close()
  }
  return results
}

async function atRate(
  bench: Bench,
  { sink, usage }: { readonly sink: EventSink; readonly usage: () => CpuUsage },
  rate: number,
  { warmSeconds, seconds, seed }: LatencyOptions,
): Promise<Latency> {
  const total = Math.ceil(rate * (warmSeconds + seconds))
  const events = [...numbered(load({ seed, events: total, customers: 100_000, until: Date.now() }), seed)]
  const due = new Float64Array(total)
  const latency = new Float64Array(total).fill(-1)
  let seen = 0
  const base = firstEventOf(seed)
  const stop = await followResults(
    bench.config.KAFKA_BROKERS,
    `${bench.config.TOPIC_PREFIX}customers`,
    'end',
    (number) => {
      const i = number - base
      if (i < 0 || i >= total || latency[i]! >= 0) return
      latency[i] = performance.now() - due[i]!
      seen++
    },
  )
  const start = performance.now() + 100
  for (let i = 0; i < total; i++) due[i] = start + (i * 1000) / rate
  let sent = 0
  let [warm, warmAt]: [CpuUsage | null, number] = [null, 0]
  while (sent < total) {
    const now = performance.now()
    if (warm === null && sent >= rate * warmSeconds) [warm, warmAt] = [usage(), now]
    let to = sent
    while (to < total && due[to]! <= now) to++
    if (to > sent) {
      // Sent in one go: what came due while the last write was under way. Latency counts from when each was due.
      await sink.write(events.slice(sent, to))
      sent = to
    } else await new Promise((resolve) => setTimeout(resolve, Math.max(0, due[sent]! - now)))
  }
  const [used, countedMs] = [usage(), performance.now() - warmAt]
  const cores = (who: keyof CpuUsage): number => Math.round((1e5 * (used[who] - warm![who])) / countedMs) / 100
  await until(() => seen === total, 60_000, 'the last result').catch(() => {
    // Counted as missing below.
  })
  await stop()
  const counted = latency
    .slice(Math.floor(rate * warmSeconds))
    .filter((ms) => ms >= 0)
    .sort()
  const at = (share: number): number => Math.round(10 * (counted[Math.ceil(share * counted.length) - 1] ?? 0)) / 10
  return {
    ratePerSecond: rate,
    seconds,
    warmSeconds,
    measured: counted.length,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: at(1),
    missing: total - seen,
    workerCores: cores('workers'),
    redisCores: cores('redis'),
    brokerCores: cores('broker'),
  }
}
