import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStack } from '../connectors/stack/stack.ts'
import { AppError, messageOf } from '../schemas/errors.ts'
import type { DemoRuntime, Target } from './demo-runtime.ts'
import { removeInstallation } from './remove-installation.ts'
import { untilTopicsAnswer } from './topics-answer.ts'
import { startWorkerProcess } from './worker-process.ts'

/** Replays wait for the slower topic without limit, so that a customer's events are taken in the order of their times. */
const MERGE_WAIT_MS = 86_400_000
/** The log is from 2011: what makes time pass for quiet customers is its time, not ours. */
/** Most of the millions of pairs of gifts were bought together once: they are counted, and not told of. */
const SETTINGS = { default: { currency: 'GBP', clock: 'event', crossSell: { minOrders: 5 } } }

export interface InstallationOptions {
  readonly env: NodeJS.ProcessEnv
  readonly everscore: string
  readonly runtime: DemoRuntime
  readonly say: (line: string) => void
  readonly signal: AbortSignal
  /** Called when a server or the worker ends on its own. */
  readonly onFailure: (error: AppError) => void
}

export interface Installation {
  readonly target: Target
  /** Of the processes that work on it. */
  readonly env: NodeJS.ProcessEnv
  /** For other everscore commands that are to work on it. */
  readonly addresses: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Servers, topics, schemas, settings, and a worker that runs. What was started is stopped again when a later step fails. */
export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const { env, everscore, runtime, say, signal, onFailure } = options
  const undo: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      // What can't be undone must not keep the rest from being undone.
      await step().catch((error: unknown) => say(`while stopping: ${messageOf(error)}`))
    }
  }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'everscore-demo-'))
    undo.push(() => rm(folder, { recursive: true, force: true }))
    const stack = await startStack({
      env,
      signal,
      log: say,
      onUnexpectedEnd: (name, message) => onFailure(new AppError('SERVER_FAILED', `${name} ended: ${message}`)),
    })
    undo.push(() => stack.stop())
    signal.throwIfAborted()
    const isGiven = stack.servers.some((server) => server.kind === 'given')
    const prefix = isGiven
      ? `${env['TOPIC_PREFIX'] ?? ''}demo-${Date.now().toString(36)}.`
      : (env['TOPIC_PREFIX'] ?? '')
    const addresses = { ...stack.env(), ...(prefix === '' ? {} : { TOPIC_PREFIX: prefix }) }
    // Loopback and no keys: what the demo prints to be copied must work as it stands.
    const local = { HOST: '127.0.0.1', EVERSCORE_API_KEYS: '' }
    const all = { ...env, ...addresses, ...local, MERGE_WAIT_MS: String(MERGE_WAIT_MS) }
    const settings = join(folder, 'settings.json')
    await writeFile(settings, JSON.stringify(SETTINGS))
    const target = await runtime.prepare(all, settings)
    if (isGiven) undo.push(async () => removeInstallation(target, await runtime.connectRedis(target.redisUrl)))
    await untilTopicsAnswer(target.kafka, prefix, signal)
    signal.throwIfAborted()
    const workFolder = join(folder, 'worker')
    await mkdir(workFolder)
    const worker = await startWorkerProcess({ everscore, env: all, folder: workFolder, onUnexpectedEnd: onFailure })
    undo.push(() => worker.stop())
    return { target, env: all, addresses, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
