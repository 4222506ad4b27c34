import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where the servers' artifacts are kept between runs; safe to delete whenever no stack is starting or running. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (env['EVERSCORE_CACHE']) return env['EVERSCORE_CACHE']
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'everscore')
  if (process.platform === 'win32' && env['LOCALAPPDATA']) return join(env['LOCALAPPDATA'], 'everscore')
  return join(env['HOME'] ?? homedir(), '.cache', 'everscore')
}
