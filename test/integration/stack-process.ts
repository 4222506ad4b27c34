import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProcessIdentity } from '../../connectors/stack/process-identity.ts'
import { isRunning } from '../../connectors/stack/process-identity.ts'
import { waitUntil } from '../../connectors/stack/wait-until.ts'

const PARENT = fileURLToPath(new URL('./stack-parent.ts', import.meta.url))

export interface StackProcess {
  readonly child: ChildProcess
  readonly pid: number
  /** What it printed on standard output until now, as an environment. */
  printed(): Record<string, string>
  /** What it printed on standard error until now. */
  said(): string
  untilReady(): Promise<void>
  exitCode(): Promise<number | null>
}

/** `everscore stack` as a process, with nothing but the given environment on top of this one's. */
export function spawnStack(args: readonly string[], env: NodeJS.ProcessEnv): StackProcess {
  const child = spawn(process.execPath, [PARENT, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = once(child, 'exit')
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return {
    child,
    pid: child.pid ?? 0,
    printed: () => Object.fromEntries(stdout.trim().split('\n').map(splitOnce)),
    said: () => stderr,
    untilReady: async () => {
      const isReady = async () => stderr.includes('all three answer')
      const died = exit.then(() => Promise.reject(new Error(`everscore stack ended:\n${stderr}`)))
      await Promise.race([waitUntil(isReady, { timeoutMs: 120_000, what: 'everscore stack' }), died])
      died.catch(() => {})
    },
    exitCode: async () => {
      await exit
      return child.exitCode
    },
  }
}

/** The supervisors and servers that a stack noted in its data folder. */
export function processesOf(dataDir: string): ProcessIdentity[] {
  return JSON.parse(readFileSync(join(dataDir, 'processes.json'), 'utf8')) as ProcessIdentity[]
}

export async function untilGone(processes: readonly ProcessIdentity[]): Promise<void> {
  const what = `the end of ${processes.map(({ pid }) => pid).join(', ')}`
  await waitUntil(async () => !processes.some(isRunning), { timeoutMs: 60_000, what })
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf('=')
  return [line.slice(0, at), line.slice(at + 1)]
}
