import { join } from 'node:path'
import { supervise } from '../connectors/stack/supervise.ts'
import { tailOf } from '../connectors/stack/tail-of.ts'
import { AppError } from '../schemas/errors.ts'

const GRACE_MS = 10_000

export interface EverscoreProcessOptions {
  readonly command: 'worker' | 'trainer'
  /** The file that is the command line. */
  readonly everscore: string
  readonly env: NodeJS.ProcessEnv
  /** Where it works and writes its log, alone in its parent: both are removed if nobody else is left to do so. */
  readonly folder: string
  /** Called when it ends although nobody asked it to. */
  readonly onUnexpectedEnd: (error: AppError) => void
}

export interface EverscoreProcess {
  /** Idempotent. */
  stop(): Promise<void>
}

/** A long-running command in a process of its own; it ends with this process, however that ends. */
export async function startEverscore(options: EverscoreProcessOptions): Promise<EverscoreProcess> {
  const { command, everscore, folder } = options
  const log = join(folder, `${command}.log`)
  const env = Object.fromEntries(Object.entries(options.env).filter((entry): entry is [string, string] => !!entry[1]))
  const child = await supervise(
    {
      command: process.execPath,
      args: [everscore, command],
      cwd: folder,
      env: { ...env, LOG_LEVEL: 'warn' },
      graceMs: GRACE_MS,
      removeWhenOrphaned: folder,
    },
    log,
  )
  let stopping = false
  child.exited.then(({ code, signal }) => {
    if (stopping) return
    const said = tailOf(log)
    const how = signal === null ? `exit code ${code}` : signal
    options.onUnexpectedEnd(new AppError('SERVER_FAILED', `the ${command} ended (${how})${said && `:\n${said}`}`))
  })
  return {
    stop: async () => {
      stopping = true
      await child.stop()
    },
  }
}
