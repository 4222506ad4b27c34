import { join } from 'node:path'
import { supervise } from '../connectors/stack/supervise.ts'
import { tailOf } from '../connectors/stack/tail-of.ts'
import { AppError } from '../schemas/errors.ts'

const GRACE_MS = 10_000

export interface WorkerProcessOptions {
  /** The file that is the command line. */
  readonly everscore: string
  readonly env: NodeJS.ProcessEnv
  /** Where it works and writes its log, alone in its parent: both are removed if nobody else is left to do so. */
  readonly folder: string
  /** Called when it ends although nobody asked it to. */
  readonly onUnexpectedEnd: (error: AppError) => void
}

export interface WorkerProcess {
  stop(): Promise<void>
}

/** `everscore worker` in a process of its own; it ends with this process, however that ends. */
export async function startWorkerProcess(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const log = join(options.folder, 'worker.log')
  const env = Object.fromEntries(Object.entries(options.env).filter((entry): entry is [string, string] => !!entry[1]))
  const child = await supervise(
    {
      command: process.execPath,
      args: [options.everscore, 'worker'],
      cwd: options.folder,
      env: { ...env, LOG_LEVEL: 'warn' },
      graceMs: GRACE_MS,
      removeWhenOrphaned: options.folder,
    },
    log,
  )
  let stopping = false
  child.exited.then(({ code, signal }) => {
    if (stopping) return
    const said = tailOf(log)
    const how = signal === null ? `exit code ${code}` : signal
    options.onUnexpectedEnd(new AppError('SERVER_FAILED', `the worker ended (${how})${said && `:\n${said}`}`))
  })
  return {
    stop: async () => {
      stopping = true
      await child.stop()
    },
  }
}
