import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Of the compiled package. */
export const COMPILED = fileURLToPath(new URL('../dist/bin/everscore.js', import.meta.url))

/**
 * Compiles the package, which is what users run and what the benchmarks start: a process that strips types has detached an
 * ArrayBuffer, and from then on V8 looks at every access to a typed array whether its buffer is still there (5 % of a
 * worker's instructions).
 * @throws Error when it doesn't compile
 */
export function buildPackage(): void {
  const script = fileURLToPath(new URL('../scripts/build.ts', import.meta.url))
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('the package does not compile')
}
