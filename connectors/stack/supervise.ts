import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../schemas/errors.ts'
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts'
import type { FromSupervisor, SupervisedCommand, ToSupervisor } from './supervisor.ts'
import { waitUntil } from './wait-until.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: string | null
  readonly error?: string
}

export interface SupervisedProcess {
  readonly pid: number
  /** The processes that belong to it, for the folder's list of what a later run must find gone. */
  readonly identities: readonly ProcessIdentity[]
  readonly exited: Promise<Exit>
  /** Resolves when a command with `holds` ended well. */
  readonly held: Promise<void>
  kill(signal: NodeJS.Signals): void
  /** SIGTERM, after the grace SIGKILL; resolves when it is gone. */
  stop(): Promise<void>
}

// dist/ holds .js, the source .ts: the supervisor has the ending of this file.
const SUPERVISOR = fileURLToPath(new URL(`./supervisor${extname(import.meta.url)}`, import.meta.url))

/** Starts a command that ends when this process ends, also by SIGKILL. Its output goes to the end of `logFile`. */
export async function supervise(wanted: SupervisedCommand, logFile: string): Promise<SupervisedProcess> {
  const supervisor = spawnSupervisor(logFile)
  let pid: number | null = null
  let identity: ProcessIdentity | null = null
  const exited = Promise.withResolvers<Exit>()
  const held = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  supervisor.on('message', (message: FromSupervisor) => {
    if (message.kind === 'started') {
      pid = message.pid
      identity = identify(pid)
    }
    if (message.kind === 'held') held.resolve()
    if (message.kind === 'ended') exited.resolve(message)
    else started.resolve()
  })
  supervisor.once('error', (error) => exited.resolve({ code: null, signal: null, error: error.message }))
  supervisor.once('exit', (code, signal) => {
    const report = () => exited.resolve({ code, signal })
    endOrphan(identity).then(report, report)
  })
  send(supervisor, { kind: 'start', server: bindToSupervisor(wanted) })
  const early = await Promise.race([started.promise, exited.promise])
  if (pid === null) throw notStarted(wanted, early ?? { code: null, signal: null })

  const serverPid: number = pid
  return {
    pid: serverPid,
    identities: [supervisor.pid === undefined ? null : identify(supervisor.pid), identity].filter(
      (one) => one !== null,
    ),
    exited: exited.promise,
    held: held.promise,
    kill: (signal) => killQuietly(serverPid, signal),
    stop: () => stop(supervisor, wanted.graceMs, exited.promise),
  }
}

function spawnSupervisor(logFile: string): ChildProcess {
  const log = openSync(logFile, 'a')
  try {
    // Its own session: Ctrl-C in a terminal reaches the parent alone, which then stops the servers in order.
    return spawn(process.execPath, [SUPERVISOR], {
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
      env: withoutNodeOptions(process.env),
      windowsHide: true,
    })
  } finally {
    closeSync(log)
  }
}

// Inspector ports and loaders meant for the parent would stop or slow the supervisor.
function withoutNodeOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = env
  return rest
}

async function stop(supervisor: ChildProcess, graceMs: number, exited: Promise<Exit>): Promise<void> {
  send(supervisor, { kind: 'stop' })
  const late = setTimeout(() => supervisor.kill('SIGKILL'), graceMs + 60_000)
  await exited
  clearTimeout(late)
}

/** The supervisor itself was killed: Linux has ended the server already (see below), elsewhere it is done here. */
async function endOrphan(server: ProcessIdentity | null): Promise<void> {
  if (server === null || !isRunning(server)) return
  killQuietly(server.pid, 'SIGKILL')
  await waitUntil(async () => !isRunning(server), { timeoutMs: 30_000, what: `the end of process ${server.pid}` })
}

let parentDeathSignal: boolean | null = null

/** On Linux the kernel ends the server when its supervisor dies: nothing is left even if both parents are killed at once. */
function bindToSupervisor(wanted: SupervisedCommand): SupervisedCommand {
  parentDeathSignal ??=
    process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0
  if (!parentDeathSignal) return wanted
  return { ...wanted, command: 'setpriv', args: ['--pdeathsig', 'KILL', wanted.command, ...wanted.args] }
}

function send(supervisor: ChildProcess, message: ToSupervisor): void {
  // A channel that is closed means that the supervisor is ending, which 'exit' reports.
  if (supervisor.connected) supervisor.send(message, () => {})
}

function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function notStarted(wanted: SupervisedCommand, exit: Exit): AppError {
  const reason = exit.error ?? `exit code ${exit.code}, signal ${exit.signal}`
  return new AppError('SERVER_FAILED', `${wanted.command} could not be started: ${reason}`)
}
