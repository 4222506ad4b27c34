import { AppError } from '../schemas/errors.ts'

/** Marks a query with a parameter that can't be decoded: a parser that throws would end the process (fastify 5.12). */
const UNDECODABLE = Symbol('undecodable')

export type Query = Record<string, string | string[]> & { [UNDECODABLE]?: string }

/**
 * Parses a query string. `ids` is split at its commas before it is decoded, so that an id may hold an encoded comma;
 * several `ids` add up. Any other parameter is one string, or several when it is repeated.
 */
export function parseQueryString(text: string): Query {
  const query: Query = Object.create(null)
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const rawName = equals === -1 ? pair : pair.slice(0, equals)
    const rawValue = equals === -1 ? '' : pair.slice(equals + 1)
    const name = decoded(rawName)
    const values = name === 'ids' ? rawValue.split(',').map(decoded) : [decoded(rawValue)]
    if (name === null || values.includes(null)) query[UNDECODABLE] ??= name ?? rawName
    else add(query, name, values as string[]) // no null among them
  }
  return query
}

/** @throws AppError INPUT_INVALID naming the parameter that isn't percent-encoded UTF-8 */
export function checkQuery(query: unknown): void {
  const field = (query as Query)[UNDECODABLE] // parseQueryString made it
  if (field === undefined) return
  throw new AppError('INPUT_INVALID', `${field} is not percent-encoded UTF-8`, { details: { field, in: 'query' } })
}

function add(query: Query, name: string, values: readonly string[]): void {
  const before = query[name]
  if (before === undefined) query[name] = name === 'ids' ? [...values] : values[0]!
  else if (Array.isArray(before)) before.push(...values)
  else query[name] = [before, ...values]
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}
