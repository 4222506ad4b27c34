import { existsSync } from 'node:fs'
import clickstream from '../../mappings/clickstream.json' with { type: 'json' }
import nps from '../../mappings/nps.json' with { type: 'json' }
import onlineRetail from '../../mappings/online-retail.json' with { type: 'json' }
import { usageError } from '../../schemas/command-args.ts'
import { AppError } from '../../schemas/errors.ts'
import type { Mapping } from './mapping.ts'
import { loadMapping, parseMapping } from './parse-mapping.ts'

/** Mapping files that come with the package, by name. */
const SHIPPED: Readonly<Record<string, unknown>> = { 'online-retail': onlineRetail, clickstream, nps }

export const SHIPPED_MAPPINGS: readonly string[] = Object.keys(SHIPPED)

/** @throws AppError CONFIG_INVALID for a name that isn't shipped */
export function shippedMapping(name: string): Mapping {
  if (Object.hasOwn(SHIPPED, name)) return parseMapping(SHIPPED[name])
  const known = SHIPPED_MAPPINGS.join(', ')
  throw new AppError('CONFIG_INVALID', `mapping ${name} is not one of ${known}`, { details: { field: 'mapping' } })
}

/** The shipped mapping of that name, or else the file at that path. @throws AppError USAGE when there is neither */
export async function findMapping(nameOrPath: string): Promise<Mapping> {
  if (Object.hasOwn(SHIPPED, nameOrPath)) return shippedMapping(nameOrPath)
  if (!existsSync(nameOrPath)) {
    throw usageError('--mapping', `must be ${SHIPPED_MAPPINGS.join(', ')} or a file; there is no file ${nameOrPath}`)
  }
  return await loadMapping(nameOrPath)
}
