import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import Value from 'typebox/value'
import { AppError, messageOf } from '../../schemas/errors.ts'
import { compileMapping } from './compile-mapping.ts'
import { type Mapping, mappingSchema } from './mapping.ts'

/**
 * The mapping that a JSON value stands for, checked against the schemas of its topics as well.
 * @throws AppError CONFIG_INVALID; details.field is the path of what is wrong, such as `rules.0.fields.amountMinor`
 */
export function parseMapping(json: unknown): Mapping {
  if (!Value.Check(mappingSchema, json)) throw refusal(json)
  compileMapping(json)
  return json
}

/** @throws AppError CONFIG_INVALID when the file can't be read, is no JSON, or no mapping */
export async function loadMapping(path: string): Promise<Mapping> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new AppError('CONFIG_INVALID', `mapping ${path}: ${messageOf(error)}`, { cause: error, details: { path } })
  }
  return parseMapping(json)
}

/** The mapping under another tenant than the one it names. */
export function withTenant(mapping: Mapping, tenantId: string): Mapping {
  const rules = mapping.rules.map((rule) => ({ ...rule, fields: { ...rule.fields, tenantId } }))
  return parseMapping({ ...mapping, rules })
}

/** Changes with anything that may change the events. */
export function mappingHash(mapping: Mapping): string {
  return createHash('sha256').update(JSON.stringify(mapping)).digest('hex')
}

function refusal(json: unknown): AppError {
  const errors = Value.Errors(mappingSchema, json).filter((error) => error.keyword !== 'boolean')
  // Of a union every branch complains; the one that got furthest knows what was meant.
  const depth = (path: string) => path.split('/').length
  const error = errors.toSorted((a, b) => depth(b.instancePath) - depth(a.instancePath))[0]
  const path = error?.instancePath.split('/').slice(1) ?? []
  const isUnknown = error?.keyword === 'additionalProperties'
  const isMissing = error?.keyword === 'required'
  if (isUnknown) path.push(error.params.additionalProperties[0] ?? '')
  if (isMissing) path.push(error.params.requiredProperties[0] ?? '')
  const field = path.join('.')
  const problem = isUnknown ? 'is not known here' : isMissing ? 'is missing' : (error?.message ?? 'is refused')
  return new AppError('CONFIG_INVALID', `mapping: ${field || 'the value'} ${problem}`, { details: { field } })
}
