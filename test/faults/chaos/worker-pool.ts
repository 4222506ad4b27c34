import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type SupervisedProcess, supervise } from '../../../connectors/stack/supervise.ts'
import { tailOf } from '../../../connectors/stack/tail-of.ts'

const COMMAND = fileURLToPath(new URL('../../../bin/everscore.ts', import.meta.url))
/** Longer than a worker may take for an orderly end, whatever server is away. */
const GRACE_MS = 30_000

export interface ChaosWorker {
  readonly name: string
  readonly process: SupervisedProcess
}

/** Worker processes that end with this process. One that ends by itself is noted, and replaced. */
export class WorkerPool {
  readonly #envs: readonly Readonly<Record<string, string>>[]
  readonly #folder: string
  readonly #workers = new Set<ChaosWorker>()
  /** Workers whose end was asked for. */
  readonly #doomed = new Set<ChaosWorker>()
  readonly #crashes: string[] = []
  #started = 0
  #closed = false

  /** @param envs for one worker after the other, in turns */
  constructor(envs: readonly Readonly<Record<string, string>>[], folder: string) {
    this.#envs = envs
    this.#folder = folder
  }

  /** Of workers that ended by themselves, or not as they should. */
  get crashes(): readonly string[] {
    return this.#crashes
  }

  get workers(): readonly ChaosWorker[] {
    return [...this.#workers].filter((worker) => !this.#doomed.has(worker))
  }

  async start(): Promise<ChaosWorker> {
    const own = this.#envs[this.#started % this.#envs.length]
    const name = `worker-${++this.#started}`
    const log = join(this.#folder, `${name}.log`)
    const command = { command: process.execPath, args: [COMMAND, 'worker'], cwd: this.#folder, graceMs: GRACE_MS }
    const env = { PATH: process.env['PATH'] ?? '', ...own }
    const worker: ChaosWorker = { name, process: await supervise({ ...command, env }, log) }
    this.#workers.add(worker)
    worker.process.exited.then(({ code, signal }) => {
      this.#workers.delete(worker)
      const asked = this.#doomed.delete(worker)
      const said = tailOf(log, 5)
      // Before a program has begun to listen to SIGTERM it ends by it.
      const asWished = signal === 'SIGKILL' || code === 0 || (signal === 'SIGTERM' && said === '')
      if (asked && asWished) return
      this.#crashes.push(`${name} ended with ${signal ?? code}: ${said}`)
      if (!asked && !this.#closed) void this.start()
    })
    return worker
  }

  async kill(worker: ChaosWorker): Promise<void> {
    this.#doomed.add(worker)
    worker.process.kill('SIGKILL')
    await worker.process.exited
  }

  /** In an orderly way. One that has to be killed after the grace counts as crashed. */
  async stop(worker: ChaosWorker): Promise<void> {
    this.#doomed.add(worker)
    const startedAt = performance.now()
    await worker.process.stop()
    if (performance.now() - startedAt >= GRACE_MS) this.#crashes.push(`${worker.name} did not stop when it was told to`)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#workers].map((worker) => this.stop(worker)))
  }
}
