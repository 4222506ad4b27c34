import type { Config } from './config.ts'
import type { Log } from './log.ts'

const SHORTEST = 16

/** A short key can be guessed. It is still taken, for whoever has it would be locked out; its tenant is named, it isn't. */
export function warnOfShortApiKeys({ EVERSCORE_API_KEYS }: Config, log: Log): void {
  for (const [key, tenant] of EVERSCORE_API_KEYS) {
    if (key.length >= SHORTEST) continue
    log(`a key of EVERSCORE_API_KEYS has fewer than ${SHORTEST} characters`, {
      level: 'warn',
      field: 'EVERSCORE_API_KEYS',
      tenant,
    })
  }
}
