import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStack } from '../connectors/stack/stack.ts'
import { AppError, messageOf } from '../schemas/errors.ts'
import type { DemoRuntime, Target } from './demo-runtime.ts'
import { type EverscoreProcess, startEverscore } from './everscore-process.ts'
import { removeInstallation } from './remove-installation.ts'
import { untilTopicsAnswer } from './topics-answer.ts'

/** Replays wait for the slower topic without limit, so that a customer's events are taken in the order of their times. */
const MERGE_WAIT_MS = 86_400_000
/** New examples that call for a training; a quarter of them is enough to judge by. */
export const EXAMPLES_A_TRAINING = 1_000
/**
 * The log is from 2011: what makes time pass for quiet customers is its time, not ours. Most of the millions of pairs of
 * gifts were bought together once: they are counted, and not told of. At the end of the log its last windows close soon.
 */
const SETTINGS = {
  default: { currency: 'GBP', clock: 'event', windows: { idleMs: 5_000 }, crossSell: { minOrders: 5 } },
}

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
  /** Lets no model come any more. */
  stopTrainer(): Promise<void>
  stop(): Promise<void>
}

/** Servers, topics, schemas, settings, and a worker and a trainer that run. What was started is stopped again when a later step fails. */
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
    const pace = { MERGE_WAIT_MS: String(MERGE_WAIT_MS), TRAIN_EVERY_EXAMPLES: String(EXAMPLES_A_TRAINING) }
    const all = { ...env, ...addresses, ...local, ...pace }
    const settings = join(folder, 'settings.json')
    await writeFile(settings, JSON.stringify(SETTINGS))
    const target = await runtime.prepare(all, settings)
    if (isGiven) undo.push(async () => removeInstallation(target, await runtime.connectRedis(target.redisUrl)))
    await untilTopicsAnswer(target.kafka, prefix, signal)
    signal.throwIfAborted()
    const start = async (command: 'worker' | 'trainer'): Promise<EverscoreProcess> => {
      const workFolder = join(folder, command)
      await mkdir(workFolder)
      const started = await startEverscore({
        command,
        everscore,
        env: all,
        folder: workFolder,
        onUnexpectedEnd: onFailure,
      })
      undo.push(() => started.stop())
      return started
    }
    await start('worker')
    const trainer = await start('trainer')
    return { target, env: all, addresses, stopTrainer: () => trainer.stop(), stop }
  } catch (error) {
    await stop()
    throw error
  }
}
