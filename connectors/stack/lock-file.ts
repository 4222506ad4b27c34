import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts'

/** Holds a folder for this process: false while another living process has it. The lock of a dead one is taken over. */
export function tryLock(path: string): boolean {
  const mine = JSON.stringify(identify(process.pid))
  // Written aside and linked, so that nobody ever reads half a lock.
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(draft, mine)
  try {
    for (;;) {
      if (link(draft, path)) return true
      const found = read(path)
      if (found === null) continue
      if (isHeld(found)) return false
      removeStale(path, found)
    }
  } finally {
    rmSync(draft, { force: true })
  }
}

export function unlock(path: string): void {
  rmSync(path, { force: true })
}

export function lockHolder(path: string): number | null {
  const owner = parse(read(path))
  return owner === null ? null : owner.pid
}

function isHeld(text: string): boolean {
  const owner = parse(text)
  return owner !== null && isRunning(owner)
}

// Two processes may find the same dead lock; the slower one may move the quicker one's new lock, and puts it back.
function removeStale(path: string, judged: string): void {
  const aside = `${path}.stale.${randomBytes(4).toString('hex')}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (read(aside) !== judged) link(aside, path)
  rmSync(aside, { force: true })
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parse(text: string | null): ProcessIdentity | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    const { pid, startedAt } = (value ?? {}) as Partial<ProcessIdentity>
    return typeof pid === 'number' && typeof startedAt === 'string' ? { pid, startedAt } : null
  } catch {
    return null
  }
}
