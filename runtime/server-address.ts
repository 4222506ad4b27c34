import { AppError } from '../schemas/errors.ts'
import type { Config } from './config.ts'

/** @throws AppError CONFIG_INVALID when it is not set: the clients would fall back to an address of their own */
export function serverAddress(config: Config, name: 'SCHEMA_REGISTRY_URL' | 'REDIS_URL'): string {
  const address = config[name]
  if (address !== '') return address
  const hint = '`everscore stack` starts a server and prints its address'
  throw new AppError('CONFIG_INVALID', `${name} is not set: ${hint}`, { details: { field: name } })
}
