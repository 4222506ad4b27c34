import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { EventSink } from '../connectors/kafka/event-sink.ts'
import { Registry } from '../connectors/registry/registry.ts'
import { type Stack, startStack } from '../connectors/stack/stack.ts'
import { type Config, readConfig } from '../runtime/config.ts'
import { initialise } from '../runtime/init.ts'
import type { InputEvent } from '../schemas/events.ts'
import { COMPILED } from './build-package.ts'

/** Topics and schemas on servers that run. */
export interface Installed {
  readonly config: Config
  readonly env: Readonly<Record<string, string>>
}

export interface Bench extends Installed {
  readonly stack: Stack
}

export function machine(): string {
  const [cpu] = cpus()
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
}

export const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

let benches = 0

export function startServers(): Promise<Stack> {
  return startStack({ env: process.env, kafkaHeapMb: 1024, kafkaFullyCompiled: true, log: say })
}

/**
 * @param tenants settings by tenant id
 * @param servers that run already; without it they are started
 */
export async function startBench(
  partitions: number,
  settings: Record<string, string> = {},
  tenants: Readonly<Record<string, object>> = {},
  servers?: Stack,
): Promise<Bench> {
  const stack = servers ?? (await startServers())
  // On servers that were there before, topics of its own.
  const TOPIC_PREFIX = `bench-${process.pid}-${++benches}-`
  const env = { ...stack.env(), TOPIC_PREFIX, PARTITIONS: String(partitions), LOG_LEVEL: 'warn', ...settings }
  const config = readConfig(env)
  const folder = await mkdtemp(join(tmpdir(), 'everscore-bench-'))
  try {
    const file = join(folder, 'settings.json')
    await writeFile(file, JSON.stringify(tenants))
    await initialise(config, file)
  } finally {
    await rm(folder, { recursive: true })
  }
  return { stack, config, env }
}

export async function openSink({ config }: Installed): Promise<EventSink> {
  const registry = new Registry(config.SCHEMA_REGISTRY_URL)
  return await EventSink.connect({
    kafka: { brokers: config.KAFKA_BROKERS, clientId: 'bench-load' },
    prefix: config.TOPIC_PREFIX,
    register: (subject, schema) => registry.register(subject, schema),
    now: Date.now,
  })
}

/** Writes events in slices; resolves when all are durable. */
export async function fill(bench: Installed, events: Iterable<InputEvent>): Promise<void> {
  const sink = await openSink(bench)
  let slice: InputEvent[] = []
  for (const event of events) {
    slice.push(event)
    if (slice.length < 5_000) continue
    await sink.write(slice)
    slice = []
  }
  await sink.write(slice)
  await sink.close()
}

export interface WorkerProcess {
  readonly pid: number
  kill(signal: NodeJS.Signals): Promise<void>
}

const FROM_SOURCE = new URL('../bin/everscore.ts', import.meta.url).pathname
const running = new Set<ChildProcess>()

/**
 * A worker of the compiled package (`buildPackage`).
 * @param onLog told of each entry of its log from level info on; without it only warnings are shown
 * @param nodeArgs of Node itself
 */
export function startWorkerProcess(
  bench: Pick<Installed, 'env'>,
  onLog?: (entry: Record<string, unknown>) => void,
  nodeArgs: readonly string[] = [],
): WorkerProcess {
  return startProcess(bench, 'worker', { program: COMPILED, nodeArgs, ...(onLog && { onLog }) })
}

export interface ProcessOptions {
  /** On top of the installation's. */
  readonly settings?: Readonly<Record<string, string>>
  /** Told of each entry of its log from level info on; without it only warnings are shown. */
  readonly onLog?: (entry: Record<string, unknown>) => void
  /** Of Node itself. */
  readonly nodeArgs?: readonly string[]
  /** The checkout's source without it. */
  readonly program?: string
}

/** An everscore command in a process of its own. */
export function startProcess(
  { env }: Pick<Installed, 'env'>,
  command: 'worker' | 'trainer',
  { settings = {}, onLog, nodeArgs = [], program = FROM_SOURCE }: ProcessOptions = {},
): WorkerProcess {
  const child = spawn(process.execPath, [...nodeArgs, program, command], {
    env: { ...process.env, ...env, ...settings, ...(onLog ? { LOG_LEVEL: 'info' } : {}) },
    stdio: ['ignore', 'inherit', onLog ? 'pipe' : 'inherit'],
  })
  if (onLog && child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.startsWith('{')) onLog(JSON.parse(line) as Record<string, unknown>)
    })
  }
  running.add(child)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  void ended.then(() => running.delete(child))
  return {
    pid: child.pid!,
    kill: async (signal) => {
      child.kill(signal)
      await ended
    },
  }
}

export async function stopBench(bench: Bench): Promise<void> {
  killWorkers()
  await bench.stack.stop()
}

export function killWorkers(): void {
  for (const child of running) child.kill('SIGKILL')
}

export async function until(condition: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export async function untilAsync(
  condition: () => Promise<boolean>,
  timeoutMs: number,
  what: string,
  everyMs = 100,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
