import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AppError } from '../../schemas/errors.ts'
import { lockHolder, tryLock, unlock } from './lock-file.ts'
import { isRunning, type ProcessIdentity } from './process-identity.ts'
import type { ServerName } from './types.ts'
import { waitUntil } from './wait-until.ts'

/** Raised when a run can no longer read what an older one wrote. */
const FORMAT = 1
const MANIFEST = 'everscore-stack.json'
const LOCK = 'stack.lock'
const PROCESSES = 'processes.json'
// Longer than any server's grace: what a killed run left is ending by itself within it.
const LEFTOVER_WAIT_MS = 45_000

/** The folder of one running stack: Kafka's log, the registry's schemas and Redis's keys belong together in it. */
export interface DataFolder {
  readonly path: string
  readonly isTemporary: boolean
  /** Kafka's cluster id, chosen when the folder was new. */
  readonly clusterId: string
  folderOf(name: ServerName): string
  /** Notes which processes work in it, so that the next run can see them gone even if this one is killed. */
  noteProcesses(name: ServerName, processes: readonly ProcessIdentity[]): void
  /** Gives it free; a temporary one is deleted. */
  close(): void
}

export interface OpenOptions {
  /** Without it a temporary folder is made. */
  readonly dataDir?: string | undefined
  /** With Docker the data is in volumes, so a folder's data is only found again the way it was made. */
  readonly madeBy: 'docker' | 'java'
  readonly signal?: AbortSignal | undefined
}

export async function openDataFolder({ dataDir, madeBy, signal }: OpenOptions): Promise<DataFolder> {
  const isTemporary = dataDir === undefined
  const path = isTemporary ? mkdtempSync(join(tmpdir(), 'everscore-')) : resolve(dataDir)
  mkdirSync(path, { recursive: true })
  refuseForeign(path)
  if (!tryLock(join(path, LOCK))) {
    throw new AppError(
      'DATA_DIR_IN_USE',
      `data folder ${path} is in use by process ${lockHolder(join(path, LOCK)) ?? 'unknown'}: stop it, or choose another folder`,
      { details: { path } },
    )
  }
  try {
    await endLeftovers(path, signal)
    return dataFolder(path, isTemporary, readOrMakeManifest(path, madeBy))
  } catch (error) {
    unlock(join(path, LOCK))
    throw error
  }
}

function dataFolder(path: string, isTemporary: boolean, clusterId: string): DataFolder {
  const processes = new Map<ServerName, readonly ProcessIdentity[]>()
  return {
    path,
    isTemporary,
    clusterId,
    folderOf: (name) => {
      const folder = join(path, name)
      mkdirSync(folder, { recursive: true })
      return folder
    },
    noteProcesses: (name, list) => {
      processes.set(name, list)
      writeFileSync(join(path, PROCESSES), JSON.stringify([...processes.values()].flat()))
    },
    close: () => {
      if (isTemporary) rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
      rmSync(join(path, PROCESSES), { force: true })
      unlock(join(path, LOCK))
    },
  }
}

function refuseForeign(path: string): void {
  const entries = readdirSync(path).filter((entry) => entry !== LOCK && !entry.startsWith(`${LOCK}.`))
  if (entries.length === 0 || entries.includes(MANIFEST)) return
  throw unusable(path, 'is not empty and was not made by everscore stack: choose an empty or new folder')
}

/** Two servers over one folder would destroy it, so nothing starts before the last run's processes are gone. */
async function endLeftovers(path: string, signal: AbortSignal | undefined): Promise<void> {
  const file = join(path, PROCESSES)
  if (!existsSync(file)) return
  const leftovers = parseProcesses(readFileSync(file, 'utf8'))
  const gone = async () => !leftovers.some(isRunning)
  const what = `the servers of an earlier run over ${path}`
  try {
    await waitUntil(gone, { timeoutMs: LEFTOVER_WAIT_MS, what, signal })
  } catch (error) {
    if (signal?.aborted) throw error
    // Their supervisor was killed too. The start time makes sure that it is them and nobody who got their id since.
    for (const { pid } of leftovers.filter(isRunning)) process.kill(pid, 'SIGKILL')
    await waitUntil(gone, { timeoutMs: 10_000, what, signal })
  }
  rmSync(file)
}

function readOrMakeManifest(path: string, madeBy: OpenOptions['madeBy']): string {
  const file = join(path, MANIFEST)
  if (!existsSync(file)) {
    const clusterId = newClusterId()
    const draft = join(path, `${LOCK}.manifest`)
    writeFileSync(draft, `${JSON.stringify({ format: FORMAT, madeBy, clusterId })}\n`)
    renameSync(draft, file)
    return clusterId
  }
  const manifest = parseObject(readFileSync(file, 'utf8'))
  if (manifest['format'] !== FORMAT || typeof manifest['clusterId'] !== 'string') {
    const found = JSON.stringify(manifest['format']) ?? 'none'
    throw unusable(
      path,
      `has format ${found}, this version of everscore reads ${FORMAT}: use the everscore that made it, or delete the folder`,
    )
  }
  if (manifest['madeBy'] !== madeBy) {
    throw unusable(
      path,
      `was made with ${manifest['madeBy']}, not ${madeBy}: say --with ${manifest['madeBy']}, or choose another folder`,
    )
  }
  return manifest['clusterId']
}

/** 16 random bytes as Kafka writes them; one that starts with '-' would be read as an option. */
function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}

function parseProcesses(text: string): ProcessIdentity[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value)
      ? value.filter((one) => Number.isInteger(one?.pid) && typeof one.startedAt === 'string')
      : []
  } catch {
    return []
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function unusable(path: string, reason: string): AppError {
  return new AppError('DATA_DIR_UNUSABLE', `data folder ${path} ${reason}`, { details: { path } })
}
