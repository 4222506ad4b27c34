import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../schemas/errors.ts'
import { cacheFolder } from './cache-folder.ts'
import { folderSize } from './folder-size.ts'
import { tryLock, unlock } from './lock-file.ts'
import { supervise } from './supervise.ts'
import { tailOf } from './tail-of.ts'
import type { ServerName } from './types.ts'
import { waitUntil } from './wait-until.ts'

/** The cache folder of each server's artifacts; the same versions as in pom.xml, which copies them there. */
const ARTIFACT_SETS: Readonly<Record<ServerName, string>> = {
  kafka: 'kafka-4.1.0',
  registry: 'apicurio-registry-3.0.9',
  redis: 'embedded-redis-1.4.3',
}
const REGISTRY_PARENT = join('io', 'apicurio', 'apicurio-registry', '3.0.9', 'apicurio-registry-3.0.9.pom')
const LOCK_WAIT_MS = 15 * 60_000

export interface FetchOptions {
  readonly env: NodeJS.ProcessEnv
  readonly maven: string | null
  readonly log: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

export function artifactFolder(name: ServerName, env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), ARTIFACT_SETS[name])
}

export function hasArtifacts(name: ServerName, env: NodeJS.ProcessEnv): boolean {
  return existsSync(artifactFolder(name, env))
}

/** Has Maven bring what the cache lacks. A set appears in the cache whole or not at all. */
export async function fetchArtifacts(names: readonly ServerName[], options: FetchOptions): Promise<void> {
  const isMissing = (name: ServerName) => !hasArtifacts(name, options.env)
  if (!names.some(isMissing)) return
  const cache = cacheFolder(options.env)
  mkdirSync(cache, { recursive: true })
  const lock = join(cache, 'fetch.lock')
  await waitForLock(lock, options)
  try {
    // Whoever held the lock before may have brought them.
    const missing = names.filter(isMissing)
    if (missing.length > 0) await fetchMissing(missing, cache, options)
  } finally {
    unlock(lock)
  }
}

async function waitForLock(lock: string, { log, signal }: FetchOptions): Promise<void> {
  if (tryLock(lock)) return
  log('another everscore process is downloading the servers; waiting for it')
  const what = 'the other download'
  await waitUntil(async () => tryLock(lock), { timeoutMs: LOCK_WAIT_MS, everyMs: 500, what, signal })
}

async function fetchMissing(missing: readonly ServerName[], cache: string, options: FetchOptions): Promise<void> {
  const work = join(cache, 'fetching')
  const out = join(work, 'out')
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  // Maven's own repository stays between tries: a download that was cut off goes on where it was.
  const repository = join(work, 'maven')
  placeRegistryParent(repository)
  copyFileSync(fileURLToPath(new URL('./pom.xml', import.meta.url)), join(work, 'pom.xml'))
  const sets = missing.map((name) => ARTIFACT_SETS[name]).join(', ')
  options.log(`downloading ${sets} with Maven (only this once; 180 MB for all three)`)
  await runMaven(['-P', missing.join(','), `-Dmaven.repo.local=${repository}`, `-Dout=${out}`], work, options)
  for (const name of missing) {
    if (name === 'redis') for (const file of readdirSync(join(out, name))) chmodSync(join(out, name, file), 0o755)
    renameSync(join(out, name), artifactFolder(name, options.env))
  }
  rmSync(work, { recursive: true, force: true })
}

function placeRegistryParent(repository: string): void {
  const target = join(repository, REGISTRY_PARENT)
  mkdirSync(join(target, '..'), { recursive: true })
  copyFileSync(fileURLToPath(new URL('./registry-parent.pom', import.meta.url)), target)
}

async function runMaven(settings: readonly string[], work: string, options: FetchOptions): Promise<void> {
  if (options.maven === null) throw new AppError('STACK_UNAVAILABLE', 'mvn is needed to download the servers once')
  const logFile = join(work, 'maven.log')
  rmSync(logFile, { force: true })
  const env = Object.fromEntries(Object.entries(options.env).filter((entry) => entry[1] !== undefined))
  const maven = await supervise(
    {
      command: options.maven,
      // -C: an artifact whose checksum does not match is refused.
      args: ['--batch-mode', '-C', '-ntp', '-f', join(work, 'pom.xml'), ...settings, 'validate'],
      cwd: work,
      env: env as Record<string, string>,
      graceMs: 5_000,
    },
    logFile,
  )
  const stop = () => void maven.stop()
  options.signal?.addEventListener('abort', stop, { once: true })
  const report = setInterval(() => options.log(`… ${Math.round(folderSize(work) / 1e6)} MB`), 3_000)
  try {
    const exit = await maven.exited
    options.signal?.throwIfAborted()
    if (exit.code !== 0) throw mavenFailed(logFile)
  } finally {
    clearInterval(report)
    options.signal?.removeEventListener('abort', stop)
  }
}

function mavenFailed(logFile: string): AppError {
  const log = existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''
  const reason = /^\[ERROR\] (.*)$/m.exec(log)?.[1] ?? tailOf(logFile)
  return new AppError(
    'STACK_UNAVAILABLE',
    `Maven could not download the servers: ${reason} (all of its output is in ${logFile})`,
  )
}
