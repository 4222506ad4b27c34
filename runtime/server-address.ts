import { AppError } from '../schemas/errors.ts'
import type { Config } from './config.ts'

const SERVER_VARIABLES = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'REDIS_URL'] as const
export type ServerVariable = (typeof SERVER_VARIABLES)[number]

/**
 * Before any of them is waited for: without an address the clients would fall back to one of their own.
 * @throws AppError CONFIG_INVALID naming all that are not set
 */
export function requireServers(config: Config, needed: readonly ServerVariable[] = SERVER_VARIABLES): void {
  const missing = needed.filter((name) => config[name].length === 0)
  if (missing.length === 0) return
  const problem = `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set`
  throw new AppError('CONFIG_INVALID', `${problem}: \`everscore stack\` starts servers and prints their addresses`, {
    details: { field: missing[0] },
  })
}
