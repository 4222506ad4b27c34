import { join } from 'node:path'
import { AppError, messageOf } from '../../schemas/errors.ts'
import type { DataFolder } from './data-folder.ts'
import { freePort } from './free-port.ts'
import type { ServerDefinition } from './server-definition.ts'
import { type SupervisedProcess, supervise } from './supervise.ts'
import { tailOf } from './tail-of.ts'
import { type RunningServer, SERVER_TITLES, type ServerName } from './types.ts'
import { waitUntil } from './wait-until.ts'

const START_TIMEOUT_MS = 120_000
const PORT_ATTEMPTS = 4

export interface LaunchOptions {
  readonly definition: ServerDefinition
  /** The port that was asked for; without it a free one. */
  readonly port: number | undefined
  readonly folder: DataFolder
  readonly env: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  readonly onUnexpectedEnd: (name: ServerName, message: string) => void
}

/** Starts a server and resolves when it answers. A free port that somebody else took meanwhile is replaced. */
export async function launchServer(options: LaunchOptions): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort())
    const server = new LocalServer(options, port)
    try {
      await server.start()
      return server
    } catch (error) {
      const mayRetry = options.port === undefined && attempt < PORT_ATTEMPTS && isPortTaken(error)
      if (!mayRetry) throw error
    }
  }
}

class LocalServer implements RunningServer {
  readonly name: ServerName
  readonly kind: RunningServer['kind']
  readonly address: string
  readonly #options: LaunchOptions
  readonly #port: number
  #process: SupervisedProcess | null = null
  #answering = false
  #stopping = false

  constructor(options: LaunchOptions, port: number) {
    this.name = options.definition.name
    this.kind = options.definition.kind
    this.address = options.definition.address(port)
    this.#options = options
    this.#port = port
  }

  get pid(): number | null {
    return this.#process?.pid ?? null
  }

  async start(): Promise<void> {
    const { definition, folder, env, signal } = this.#options
    const own = folder.folderOf(this.name)
    const logFile = join(own, `${this.name}.log`)
    const command = await definition.prepare({ port: this.#port, folder: own, env, signal })
    signal?.throwIfAborted()
    const orphan = folder.isTemporary ? { removeWhenOrphaned: own } : {}
    const child = await supervise({ ...command, ...orphan, cwd: own, env: { ...env, ...command.env } }, logFile)
    this.#process = child
    this.#stopping = false
    folder.noteProcesses(this.name, child.identities)
    void child.exited.then(() => this.#onExit(child, logFile))
    try {
      await this.#untilAnswers(child, logFile)
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#answering = true
  }

  async stop(): Promise<void> {
    const child = this.#process
    if (child === null) return
    this.#stopping = true
    await child.stop()
    this.#answering = false
    if (this.#process === child) this.#process = null
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === null) return
    const ends = signal === 'SIGKILL' || signal === 'SIGTERM'
    if (ends) this.#stopping = true
    child.kill(signal)
    if (ends) await child.exited
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async #untilAnswers(child: SupervisedProcess, logFile: string): Promise<void> {
    const { definition, signal } = this.#options
    const waiting = new AbortController()
    const signals = signal === undefined ? waiting.signal : AbortSignal.any([signal, waiting.signal])
    const ended = child.exited.then(() => {
      throw this.#failed(`ended before it answered:\n${tailOf(logFile, 20)}`)
    })
    const answers = waitUntil(() => definition.answers(this.#port), {
      timeoutMs: START_TIMEOUT_MS,
      what: `an answer of ${SERVER_TITLES[this.name]} on port ${this.#port}; its log is ${logFile}`,
      signal: signals,
    })
    try {
      await Promise.race([answers, ended])
    } finally {
      waiting.abort()
      ended.catch(() => {})
      answers.catch(() => {})
    }
  }

  #onExit(child: SupervisedProcess, logFile: string): void {
    if (this.#process !== child) return
    this.#process = null
    if (!this.#answering || this.#stopping) return
    this.#answering = false
    this.#options.onUnexpectedEnd(this.name, this.#failed(`ended by itself:\n${tailOf(logFile)}`).message)
  }

  #failed(reason: string): AppError {
    return new AppError('SERVER_FAILED', `${SERVER_TITLES[this.name]} ${reason}`, {
      details: { server: this.name, port: this.#port },
    })
  }
}

function isPortTaken(error: unknown): boolean {
  return /address already in use|bindexception|seems to be in use|eaddrinuse/i.test(messageOf(error))
}
