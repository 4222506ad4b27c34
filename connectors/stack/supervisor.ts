// A program of its own, one per server: it starts the server and ends it when told to, or when the parent is gone,
// however the parent went. The parent's end is seen as the closing of the message channel, which the kernel does.
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'

export interface SupervisedCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** After this long without an end SIGTERM is followed by SIGKILL. */
  readonly graceMs: number
  /** The command ends well when the server runs elsewhere (`docker compose up -d`): stay until told to stop. */
  readonly holds?: boolean
  /** Run after the end, whatever the cause. */
  readonly after?: { readonly command: string; readonly args: readonly string[] }
  /** A temporary folder nobody else is left to remove when the parent is gone; its parent goes with its last folder. */
  readonly removeWhenOrphaned?: string
}

export type ToSupervisor = { readonly kind: 'start'; readonly server: SupervisedCommand } | { readonly kind: 'stop' }

export type FromSupervisor =
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'held' }
  | { readonly kind: 'ended'; readonly code: number | null; readonly signal: string | null; readonly error?: string }

let order: SupervisedCommand | null = null
let server: ChildProcess | null = null
let held = false
let stopping = false
let orphaned = false

function start(wanted: SupervisedCommand): void {
  order = wanted
  server = spawn(wanted.command, wanted.args, {
    cwd: wanted.cwd,
    env: { ...wanted.env },
    stdio: ['ignore', 'inherit', 'inherit'],
    windowsHide: true,
  })
  server.once('error', (error) => end({ kind: 'ended', code: null, signal: null, error: error.message }))
  server.once('exit', (code, signal) => {
    held = wanted.holds === true && code === 0 && !stopping
    if (held) send({ kind: 'held' })
    else end({ kind: 'ended', code, signal })
  })
  if (server.pid !== undefined) send({ kind: 'started', pid: server.pid })
}

function stop(): void {
  if (stopping) return
  stopping = true
  if (order === null) process.exit(0)
  if (held) {
    end({ kind: 'ended', code: 0, signal: null })
    return
  }
  server?.kill('SIGTERM')
  // A stopped process (SIGSTOP) takes SIGTERM only once it is continued, SIGKILL at once.
  setTimeout(() => server?.kill('SIGKILL'), order.graceMs).unref()
}

function end(report: FromSupervisor): void {
  const after = order?.after
  if (after === undefined) {
    finish(report)
    return
  }
  const child = spawn(after.command, after.args, { cwd: order?.cwd, env: { ...order?.env }, stdio: 'inherit' })
  child.once('error', () => finish(report))
  child.once('exit', () => finish(report))
}

function finish(report: FromSupervisor): void {
  if (orphaned && order?.removeWhenOrphaned !== undefined) removeFolder(order.removeWhenOrphaned)
  if (process.connected) process.send?.(report, () => process.exit(0))
  else process.exit(0)
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    const parent = dirname(folder)
    const folders = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    if (folders.length === 0) rmSync(parent, { recursive: true, force: true })
  } catch {
    // another server's supervisor was first
  }
}

function send(message: FromSupervisor): void {
  // The parent may die between the question and the answer; 'disconnect' tells, so the error may go.
  if (process.connected) process.send?.(message, () => {})
}

process.on('message', (message: ToSupervisor) => (message.kind === 'start' ? start(message.server) : stop()))
process.on('disconnect', () => {
  orphaned = true
  stop()
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
