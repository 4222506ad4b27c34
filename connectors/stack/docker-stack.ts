import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../schemas/errors.ts'
import { askProgram } from './ask-program.ts'
import type { DataFolder } from './data-folder.ts'
import type { DockerCompose } from './docker.ts'
import { type SupervisedProcess, supervise } from './supervise.ts'
import { tailOf } from './tail-of.ts'
import type { RunningServer, ServerName } from './types.ts'

const COMPOSE_TIMEOUT_MS = 120_000

/** The variable of docker-compose.yml that holds the port of each service; the services have the servers' names. */
const PORT_VARIABLES: Readonly<Record<ServerName, string>> = {
  kafka: 'KAFKA_PORT',
  registry: 'REGISTRY_PORT',
  redis: 'REDIS_PORT',
}

export interface DockerStackOptions {
  readonly docker: DockerCompose
  readonly names: readonly ServerName[]
  readonly ports: Readonly<Record<ServerName, number>>
  readonly folder: DataFolder
  readonly env: Readonly<Record<string, string>>
  readonly kafkaHeapMb: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Starts the services by `docker compose up --wait`. A supervisor holds the project and takes it down when this process
 * ends, however it ends; the volumes of a kept data folder stay.
 */
export async function launchDocker(options: DockerStackOptions): Promise<RunningServer[]> {
  const { docker, names, ports, folder, signal } = options
  const own = join(folder.path, 'docker')
  mkdirSync(own, { recursive: true })
  const logFile = join(own, 'docker.log')
  const project = `everscore-${createHash('sha256').update(folder.path).digest('hex').slice(0, 12)}`
  const compose = ['compose', '-f', docker.composeFile, '-p', project]
  const portSettings = Object.fromEntries(names.map((name) => [PORT_VARIABLES[name], String(ports[name])]))
  const env = { ...options.env, ...portSettings, KAFKA_HEAP_MB: String(options.kafkaHeapMb) }
  const down = [...compose, 'down', '--remove-orphans', ...(folder.isTemporary ? ['--volumes'] : [])]
  const holder = await supervise(
    {
      command: docker.program,
      args: [...compose, 'up', '--detach', '--wait', '--no-deps', ...names],
      cwd: folder.path,
      ...(folder.isTemporary ? { removeWhenOrphaned: own } : {}),
      env,
      graceMs: 30_000,
      holds: true,
      after: { command: docker.program, args: down },
    },
    logFile,
  )
  // The next run over a kept folder waits until this project is down.
  folder.noteProcesses('kafka', holder.identities)
  await untilHeld(holder, logFile, signal)

  const ask = async (...args: string[]) => {
    const answer = await askProgram(docker.program, [...compose, ...args], { env, timeoutMs: COMPOSE_TIMEOUT_MS })
    if (!answer.ok) throw new AppError('SERVER_FAILED', `docker compose ${args.join(' ')} failed: ${answer.text}`)
  }
  const left = new Set(names)
  return names.map((name) => ({
    name,
    kind: 'docker',
    pid: null,
    address: addressOf(name, ports[name]),
    stop: async () => {
      await ask('stop', name)
      left.delete(name)
      if (left.size === 0) await holder.stop()
    },
    kill: (killSignal) => ask('kill', '--signal', killSignal, name),
    restart: async () => {
      await ask('stop', name)
      await ask('up', '--detach', '--wait', '--no-deps', name)
      left.add(name)
    },
  }))
}

async function untilHeld(holder: SupervisedProcess, logFile: string, signal: AbortSignal | undefined): Promise<void> {
  const stop = () => void holder.stop()
  signal?.addEventListener('abort', stop, { once: true })
  const failed = holder.exited.then(() => {
    throw new AppError('SERVER_FAILED', `docker compose up failed:\n${tailOf(logFile, 20)}`)
  })
  try {
    await Promise.race([holder.held, failed])
  } finally {
    failed.catch(() => {})
    signal?.removeEventListener('abort', stop)
    signal?.throwIfAborted()
  }
}

function addressOf(name: ServerName, port: number): string {
  if (name === 'kafka') return `127.0.0.1:${port}`
  return name === 'redis' ? `redis://127.0.0.1:${port}` : `http://127.0.0.1:${port}/apis/ccompat/v7`
}
