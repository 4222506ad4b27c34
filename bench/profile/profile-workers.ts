import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LoadOptions, load } from '../generator.ts'
import { followResults } from '../results-reader.ts'
import { type Bench, fill, say, startWorkerProcess, until } from '../setup.ts'
import { cpuTree, heapTree, merged } from './call-tree.ts'
import { flameGraph } from './flame-graph.ts'
import { byFunction, byModule, flatten, tableOf } from './flat-table.ts'

export type ProfileKind = 'cpu' | 'heap'

const ALLOCATIONS = new URL('./allocations.ts', import.meta.url).pathname

interface ProfileOptions {
  readonly kind: ProfileKind
  readonly workers: number
  readonly load: Omit<LoadOptions, 'until'>
  /** It is emptied before. */
  readonly folder: string
}

export interface Profiled {
  readonly events: number
  readonly workers: number
  /** Nodes of the tree of calls. */
  readonly calls: number
  /** CPU µs or allocated bytes of all workers together, from their start to their end, an event. */
  readonly perEvent: number
}

/**
 * Runs workers on a backlog with Node's profiler on: profiles (Chromium's format: its developer tools and speedscope read
 * them), a flat table and a flame graph. The table goes to stderr too.
 */
export async function profileWorkers(bench: Bench, options: ProfileOptions): Promise<Profiled> {
  const { kind, workers, load: given, folder } = options
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await fill(bench, load({ ...given, until: Date.now() }))
  let count = 0
  const topic = `${bench.config.TOPIC_PREFIX}customers`
  const stop = await followResults(bench.config.KAFKA_BROKERS, topic, 'start', () => count++)
  const nodeArgs = kind === 'cpu' ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : ['--import', ALLOCATIONS]
  const profiled = { ...bench, env: { ...bench.env, ALLOCATIONS_DIR: folder } }
  const processes = Array.from({ length: workers }, () => startWorkerProcess(profiled, undefined, nodeArgs))
  await until(() => count >= given.events, 600_000, 'the last result')
  await Promise.all(processes.map((worker) => worker.kill('SIGTERM')))
  await stop()
  return report(folder, kind, given.events)
}

function report(folder: string, kind: ProfileKind, events: number): Profiled {
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith(kind === 'cpu' ? '.cpuprofile' : '.heapprofile'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
  const root = merged(texts.map(kind === 'cpu' ? cpuTree : heapTree))
  const modules = flatten(root, byModule)
  const scale = { unit: kind === 'cpu' ? 'µs/event' : 'B/event', divisor: events }
  const table = [
    `${texts.length} workers, ${events} events`,
    tableOf('module', modules, { ...scale, limit: 40 }),
    tableOf('function', flatten(root, byFunction), { ...scale, limit: 60 }),
  ].join('\n')
  const shown = (value: number): string => `${(value / events).toFixed(3)} ${scale.unit}`
  writeFileSync(join(folder, 'table.txt'), table)
  writeFileSync(join(folder, 'flame-graph.svg'), flameGraph(root, `everscore workers, ${scale.unit}`, shown))
  say(table)
  say(`profiles, table.txt and flame-graph.svg are in ${folder}`)
  const perEvent = modules.reduce((sum, { self }) => sum + self, 0) / events
  const calls = modules.reduce((sum, { calls }) => sum + calls, 0)
  return { events, workers: texts.length, calls, perEvent: Math.round(100 * perEvent) / 100 }
}
