import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import Value from 'typebox/value'
import { AppError } from '../../schemas/errors.ts'
import { fileProblem } from '../../schemas/file-problem.ts'
import { compileMapping } from './compile-mapping.ts'
import { type Mapping, mappingSchema } from './mapping.ts'
import { mappingFault } from './mapping-fault.ts'

/**
 * The mapping that a JSON value stands for, checked against the schemas of its topics as well.
 * @throws AppError CONFIG_INVALID; details.field is the path of what is wrong, such as `rules.0.fields.amountMinor`
 */
export function parseMapping(json: unknown): Mapping {
  if (!Value.Check(mappingSchema, json)) throw refusal(json)
  compileMapping(json)
  return json
}

/** @throws AppError CONFIG_INVALID, naming the file, when it can't be read, is no JSON, or no mapping */
export async function loadMapping(path: string): Promise<Mapping> {
  try {
    return parseMapping(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    const problem = fileProblem(error).replace(/^mapping: /, '')
    const details = { ...(error instanceof AppError ? error.details : {}), path }
    throw new AppError('CONFIG_INVALID', `mapping ${path}: ${problem}`, { cause: error, details })
  }
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
  const errors = Value.Errors(mappingSchema, json).filter(({ keyword }) => keyword !== 'boolean' && keyword !== 'anyOf')
  const [error] = errors.toSorted((a, b) => depthOf(b) - depthOf(a) || unknownKeys(a) - unknownKeys(b))
  const path = error?.instancePath.split('/').slice(1) ?? []
  if (error?.keyword === 'additionalProperties') path.push(error.params.additionalProperties[0] ?? '')
  if (error?.keyword === 'required') path.push(error.params.requiredProperties[0] ?? '')
  const field = path.join('.')
  const problem = error === undefined ? 'is refused' : problemOf(error, errors)
  return mappingFault(field || 'the value', problem)
}

type SchemaError = ReturnType<typeof Value.Errors>[number]

/** Of a union every branch complains; the one that got furthest knows what was meant. */
function depthOf({ keyword, instancePath }: SchemaError): number {
  return instancePath.split('/').length + (keyword === 'additionalProperties' ? 1 : 0)
}

/** Of two branches that know not all keys the one that knows more of them was meant. */
function unknownKeys(error: SchemaError): number {
  return error.keyword === 'additionalProperties' ? error.params.additionalProperties.length : 0
}

function problemOf(error: SchemaError, all: readonly SchemaError[]): string {
  switch (error.keyword) {
    case 'additionalProperties':
      return 'is not known here'
    case 'required':
      return 'is missing'
    case 'enum':
      return `must be one of ${error.params.allowedValues.join(', ')}`
    case 'type': {
      const same = all.filter(({ instancePath }) => instancePath === error.instancePath)
      const types = same.flatMap((each) => (each.keyword === 'type' ? each.params.type : []))
      return `must be ${[...new Set(types)].join(' or ')}`
    }
    default:
      return error.message
  }
}
