import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { LogGrowth, withoutInputs } from '../log-growth.ts'

export type Engine = 'everscore' | 'kafka-streams'
export type Mode = 'throughput' | 'latency'

export interface DriveOptions {
  readonly engine: Engine
  readonly mode: Mode
  /** The built copy of the harness. */
  readonly peers: string
  /** Environment of the harness and of its engine. */
  readonly env: Readonly<Record<string, string>>
}

export interface Drive {
  /** The harness's own line of figures. */
  readonly figures: Readonly<Record<string, unknown>>
  /** Bytes that the engine wrote to Kafka's log, by topic. */
  readonly bytesByTopic: Readonly<Record<string, number>>
  /** everscore's engine says how its CPU and memory share out; null for others. */
  readonly usage: Usage | null
}

export interface Usage {
  readonly workersSeconds: number
  readonly redisSeconds: number
  readonly redisMib: number
  readonly peakWorkerMib: number
}

const SAMPLE_MS = 250
const ENGINE = new URL('./engine.ts', import.meta.url).pathname

/** One run of the peers' harness. @throws Error with what the harness reports */
export async function drive({ engine, mode, peers, env }: DriveOptions): Promise<Drive> {
  const out = join(peers, 'out', `${engine}-${process.pid}`)
  const growth = new LogGrowth(join(out, 'broker', 'data'))
  const child = spawn('python3', [join(peers, 'driver.py'), engine, mode], {
    cwd: peers,
    env: {
      ...process.env,
      BROKER_PORT: String(await freePortPair()),
      OUT: out,
      KEEP: '1',
      ...(engine === 'everscore'
        ? {
            ENGINE_CMD: `'${process.execPath}' '${ENGINE}'`,
            SCORES_TOPIC: 'customers',
            PEER_SCHEMAS: join(peers, 'gen', 'schemas'),
          }
        : {}),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const sampler = setInterval(() => growth.sample(), SAMPLE_MS)
  const stop = (): void => void child.kill('SIGTERM')
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  try {
    await new Promise((resolve) => child.once('close', resolve))
    growth.sample()
    // Java prints NaN for quantiles of nothing.
    const last = output
      .trim()
      .split('\n')
      .at(-1)
      ?.replaceAll(/\bNaN\b/g, 'null')
    const figures = JSON.parse(last || '{"error":"no figures"}') as Record<string, unknown>
    if (figures['error'] !== undefined) throw new Error(`${engine} ${mode}: ${String(figures['error'])}`)
    return { figures, bytesByTopic: withoutInputs(growth.byTopic()), usage: usageIn(out) }
  } finally {
    clearInterval(sampler)
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
    await rm(out, { recursive: true, force: true })
  }
}

function usageIn(folder: string): Usage | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'usage.json'), 'utf8')) as Usage
  } catch {
    return null
  }
}

/** The harness's broker takes this port and the next. */
async function freePortPair(): Promise<number> {
  for (;;) {
    const port = await listenOn(0)
    if (port < 65_535 && (await listenOn(port + 1).catch(() => 0)) > 0) return port
  }
}

function listenOn(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const { port: taken } = server.address() as { port: number }
      server.close(() => resolve(taken))
    })
  })
}
